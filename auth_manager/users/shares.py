"""Shares: another user's leave to enter a stack. SQL is the truth; the caller writes Redis's copy next."""

import time

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_manager.errors import FieldRefused
from auth_manager.users import audit
from auth_manager.users.tables import shares, user_apps, users
from stack_deployer.contract.route import ROLES


async def share(conn: AsyncConnection, stack_id: str, user_id: str, role: str, by: str) -> None:
    """Let a user enter a stack with that role, or change the role; `by`: the handle of who does it.

    Raises FieldRefused for a stack that is not live, its own user, a user who is gone or disabled, an unknown role.
    """
    if role not in ROLES:
        raise FieldRefused("role", f"the role is one of {', '.join(ROLES)}")
    # The stack's row is locked: two who share it at once queue, and it is not removed meanwhile.
    live = sa.select(user_apps).where(user_apps.c.id == stack_id, user_apps.c.live_name.is_not(None))
    stack = (await conn.execute(live.with_for_update())).first()
    if stack is None:
        raise FieldRefused("stack", "there is no such stack")
    user = (await conn.execute(sa.select(users).where(users.c.id == user_id, users.c.disabled.is_(False)))).first()
    if user is None:
        raise FieldRefused("user", "there is no such user")
    if stack.user_id == user_id:
        raise FieldRefused("user", f"the stack is {user.handle}'s own")
    await conn.execute(shares.delete().where(shares.c.stack_id == stack_id, shares.c.user_id == user_id))
    values = {"stack_id": stack_id, "user_id": user_id, "role": role, "created_at": time.time(), "created_by": by}
    await conn.execute(shares.insert().values(values))
    await audit.record(
        conn, "share", actor=by, subject=user.handle, tenant=stack.tenant_slug, stack=stack.app_name, role=role
    )


async def unshare(conn: AsyncConnection, stack_id: str, user_id: str, by: str) -> bool:
    """Take the leave back; False when there was none."""
    its = sa.and_(shares.c.stack_id == stack_id, shares.c.user_id == user_id)
    names = sa.select(user_apps.c.app_name, user_apps.c.tenant_slug, users.c.handle).select_from(
        shares.join(user_apps, user_apps.c.id == shares.c.stack_id).join(users, users.c.id == shares.c.user_id)
    )
    told = (await conn.execute(names.where(its))).first()
    if told is None or not (await conn.execute(shares.delete().where(its))).rowcount:
        return False
    await audit.record(conn, "unshare", actor=by, subject=told.handle, tenant=told.tenant_slug, stack=told.app_name)
    return True


async def all_grants(conn: AsyncConnection) -> list[tuple[str, str, str]]:
    """All shares in force as (stack id, user id, role): of live stacks, to users who are not disabled."""
    query = (
        sa.select(shares.c.stack_id, shares.c.user_id, shares.c.role)
        .join(user_apps, user_apps.c.id == shares.c.stack_id)
        .join(users, users.c.id == shares.c.user_id)
        .where(user_apps.c.live_name.is_not(None), users.c.disabled.is_(False))
    )
    return [(row.stack_id, row.user_id, row.role) for row in await conn.execute(query)]
