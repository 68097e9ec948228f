"""Wanting a stack for a user in a tenant, all three made when missing: what `innkeeper deploy` asks for."""

import secrets
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth_manager.errors import FieldRefused, FieldsRefused
from auth_manager.users import accounts, audit
from auth_manager.users.accounts import User, UserDisabled
from auth_manager.users.database import in_transaction
from auth_manager.users.memberships import ensure_membership, ensure_tenant, personal_tenant
from stack_deployer.contract import regions, wanted
from stack_deployer.contract.names import DEFAULT_TEMPLATE, slug
from stack_deployer.contract.wanted import NameTaken, Wanted


async def want_stack(
    engine: AsyncEngine,
    *,
    user: str,
    tenant: str,
    region: str | None = None,
    template: str | None = None,
    domain: str,
    actor: str,
) -> tuple[Wanted, bool]:
    """The stack of that user (a handle) in that tenant (a slug), and whether it is new.

    Without region and template it is the one there is, the oldest of several; another region or template is
    another stack. One that was stopped or has failed is asked to run again. `actor`: a handle, for the audit log.

    Raises NameRefused and UnknownRegion for names that can never be, FieldRefused for what is taken or being
    removed, UserDisabled, NameTaken when the stack's name is: then nothing was made.
    """
    slug(user, "user")
    slug(tenant, "tenant")
    if region is not None:
        regions.region(region)
    if template is not None:
        slug(template, "template")

    async def work(conn: AsyncConnection) -> tuple[Wanted, bool]:
        owner = await _ensure_user(conn, user, actor)
        tenant_id = await _tenant_of(conn, owner, tenant)
        role = await ensure_membership(conn, owner.id, tenant_id)
        own = [stack for stack in await wanted.live(conn, user_id=owner.id) if stack.tenant_id == tenant_id]
        stack, new = await _stack(conn, owner, (tenant_id, tenant), own, region, template, domain)
        await audit.record(
            conn, "deploy", actor=actor, subject=stack.id, tenant=tenant, stack=stack.name, new=new, role=role
        )
        return stack, new

    return await in_transaction(engine, work)


async def _ensure_user(conn: AsyncConnection, handle: str, actor: str) -> User:
    found = await accounts.find(conn, handle)
    if found is None:
        try:
            await accounts.check_free(conn, handle, None)
        except FieldsRefused as refused:
            raise FieldRefused("user", refused.fields["handle"], taken=True) from None
        found = await accounts.insert(conn, handle=handle)
        await audit.record(conn, "user_added", actor=actor, subject=handle, operator=False)
    if found.disabled:
        raise UserDisabled(handle)
    return found


async def _tenant_of(conn: AsyncConnection, user: User, tenant: str) -> str:
    return await (personal_tenant(conn, tenant) if tenant == user.handle else ensure_tenant(conn, tenant))


async def _stack(
    conn: AsyncConnection,
    user: User,
    tenant: tuple[str, str],
    own: Sequence[Wanted],
    region: str | None,
    template: str | None,
    domain: str,
) -> tuple[Wanted, bool]:
    """The one of the user's own stacks in the tenant (id, slug) that is asked for, else a new one."""
    first = own[0] if own else None
    region = region or (first.region if first else regions.DEFAULT)
    template = template or (first.template if first else DEFAULT_TEMPLATE)
    for stack in own:
        if (stack.region, stack.template) == (region, template):
            return await _run_again(conn, stack), False
    stack = await wanted.want(
        conn, stack_id=secrets.token_hex(16), user_id=user.id, user=user.handle, tenant_id=tenant[0],
        tenant=tenant[1], template=template, region=region, domain=domain,
        suffix_region=first is not None and region != first.region,
        suffix_template=first is not None and template != first.template,
    )  # fmt: skip
    if stack.name != user.handle and await accounts.find(conn, stack.name) is not None:
        raise NameTaken(stack.name, stack.name, stack.name)  # the name of that user's own stack, there or to come
    return stack, True


async def _run_again(conn: AsyncConnection, stack: Wanted) -> Wanted:
    if stack.wanted == "removed":
        raise FieldRefused("stack", f"the stack {stack.name!r} is being removed; wait until it is gone", taken=True)
    if stack.wanted == "running" and stack.status != "failed":
        return stack
    await wanted.set_goal(conn, stack.id, "running")
    return await wanted.find(conn, stack.id) or stack
