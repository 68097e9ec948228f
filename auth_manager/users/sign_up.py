"""Signing up: a user, a password, a personal tenant and a wanted stack, all of it or nothing."""

import secrets
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth_manager.errors import FieldsRefused
from auth_manager.users import audit
from auth_manager.users.accounts import check_fields, check_free, insert
from auth_manager.users.database import in_transaction
from auth_manager.users.memberships import personal_tenant
from auth_manager.users.password import Passwords
from stack_deployer.contract import wanted
from stack_deployer.contract.names import DEFAULT_TEMPLATE
from stack_deployer.contract.regions import CODES


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What a sign-up made; `email` in canonical form."""

    user_id: str
    handle: str
    email: str
    stack_id: str


async def sign_up(
    engine: AsyncEngine,
    passwords: Passwords,
    *,
    handle: str,
    email: str,
    password: str,
    region: str,
    domain: str,
    template: str = DEFAULT_TEMPLATE,
    client: str = "",
) -> SignedUp:
    """Make the user and want the stack, which the worker then builds.

    Raises FieldsRefused with all refused fields, its `taken` naming those that another has, and Busy: then
    nothing was made. Of two who want the same name at once, one gets it.
    """
    address = _check(handle, email, password, region)
    async with engine.connect() as conn:  # before the work of hashing
        await check_free(conn, handle, address)
    secret = await passwords.hash(password)

    async def work(conn: AsyncConnection) -> SignedUp:
        await check_free(conn, handle, address)
        user = await insert(conn, handle=handle, email=address, secret=secret)
        stack = await wanted.want(
            conn, stack_id=secrets.token_hex(16), user_id=user.id, user=handle, template=template, region=region,
            tenant_id=await personal_tenant(conn, handle), tenant=handle, domain=domain,
        )  # fmt: skip
        await audit.record(conn, "sign_up", actor=handle, subject=stack.id, tenant=handle, client=client, region=region)
        return SignedUp(user.id, handle, address, stack.id)

    return await in_transaction(engine, work)


def _check(handle: str, email: str, password: str, region: str) -> str:
    faults: dict[str, str] = {}
    address = None
    try:
        address = check_fields(handle=handle, email=email, password=password)
    except FieldsRefused as refused:
        faults |= refused.fields
    if region not in CODES:
        faults["region"] = "choose one of the regions listed"
    if faults or address is None:
        raise FieldsRefused(faults)
    return address
