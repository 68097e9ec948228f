"""The users there are: found, made, disabled."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils import uuid7

from auth_manager.errors import FieldRefused, FieldsRefused
from auth_manager.users import audit
from auth_manager.users.database import in_transaction
from auth_manager.users.memberships import ensure_membership, make_personal_tenant
from auth_manager.users.names import canonical_email
from auth_manager.users.password import Passwords, check_password
from auth_manager.users.tables import credentials, login_tokens, tenants, users
from stack_deployer.contract.names import NameRefused, slug
from stack_deployer.contract.wanted import find_named


@dataclass(frozen=True, slots=True)
class User:
    """A person or robot that can sign in; times are Unix times in seconds."""

    id: str
    handle: str
    email: str | None
    operator: bool
    disabled: bool
    created_at: float
    last_seen_at: float | None


class UserDisabled(FieldRefused):
    """What was asked for a user who may come in no more; nothing was made."""

    def __init__(self, handle: str) -> None:
        super().__init__("user", f"the user {handle!r} is disabled")


def parse(row: sa.Row[Any]) -> User:
    """The user of a row that has all columns of `users`."""
    return User(row.id, row.handle, row.email, row.operator, row.disabled, row.created_at, row.last_seen_at)


async def find(conn: AsyncConnection, handle: str) -> User | None:
    """The user of that handle, disabled ones too."""
    row = (await conn.execute(sa.select(users).where(users.c.handle == handle))).first()
    return parse(row) if row else None


async def find_id(conn: AsyncConnection, user_id: str) -> User | None:
    """The user of that id, disabled ones too."""
    row = (await conn.execute(sa.select(users).where(users.c.id == user_id))).first()
    return parse(row) if row else None


async def all_users(conn: AsyncConnection) -> Sequence[User]:
    """All users, disabled ones too, oldest first."""
    return [parse(row) for row in await conn.execute(sa.select(users).order_by(users.c.created_at, users.c.id))]


async def check_free(conn: AsyncConnection, handle: str, email: str | None) -> None:
    """Nothing when no one has them; else raises FieldsRefused, both fields at once."""
    faults: dict[str, str] = {}
    taken = (await conn.execute(sa.select(tenants.c.personal).where(tenants.c.slug == handle))).first()
    if taken is not None:
        faults["handle"] = f"the name {handle!r} is taken by {'another user' if taken.personal else 'a tenant'}"
    elif await find_named(conn, handle) is not None:
        # The user's own stack would have this name; `a` in tenant `b` may have a stack `a-b` before user `a-b` comes.
        faults["handle"] = f"the name {handle!r} is taken by a stack"
    if (await conn.execute(sa.select(users.c.id).where(users.c.email == (email or "")))).first() is not None:
        faults["email"] = f"there is a user with the e-mail {email} already"
    if faults:
        raise FieldsRefused(faults, taken=frozenset(faults))


async def insert(
    conn: AsyncConnection, *, handle: str, email: str | None = None, secret: str | None = None, operator: bool = False
) -> User:
    """Make a user with personal tenant and password (`secret`: its hash), all fields checked before.

    Raises IntegrityError when handle or e-mail are taken.
    """
    now = time.time()
    tenant_id = await make_personal_tenant(conn, handle)
    user = User(str(uuid7()), handle, email, operator, disabled=False, created_at=now, last_seen_at=None)
    await conn.execute(
        users.insert().values(
            id=user.id, handle=handle, email=email, operator=operator, disabled=False, created_at=now,
            last_seen_at=None, stripe_customer_id=None,
        )
    )  # fmt: skip
    await ensure_membership(conn, user.id, tenant_id)
    if secret is not None:
        await conn.execute(
            credentials.insert().values(
                id=str(uuid7()), user_id=user.id, kind="password", secret=secret, created_at=now, updated_at=now
            )
        )
    return user


def check_fields(*, handle: str, email: str | None, password: str | None) -> str | None:
    """The e-mail in canonical form; raises FieldsRefused with every field that is not good in itself."""
    faults: dict[str, str] = {}
    canonical = None
    try:
        slug(handle, "handle")
    except NameRefused as refused:
        faults["handle"] = f"the handle {refused.why}" if handle else "a handle is needed"
    for field, given, check in (("email", email, canonical_email), ("password", password, check_password)):
        if given is None:
            continue
        try:
            checked = check(given)
        except FieldRefused as refused:
            faults[field] = refused.why
        else:
            canonical = checked if field == "email" else canonical
    if faults:
        raise FieldsRefused(faults)
    return canonical


async def add_user(
    engine: AsyncEngine,
    passwords: Passwords,
    *,
    handle: str,
    email: str | None = None,
    password: str | None = None,
    operator: bool = False,
    actor: str = "",
) -> User:
    """Make a user without a stack, as an operator does; raises FieldsRefused and Busy, then nothing was made."""
    canonical = check_fields(handle=handle, email=email, password=password)
    secret = await passwords.hash(password) if password is not None else None

    async def work(conn: AsyncConnection) -> User:
        await check_free(conn, handle, canonical)
        user = await insert(conn, handle=handle, email=canonical, secret=secret, operator=operator)
        await audit.record(conn, "user_added", actor=actor, subject=handle, operator=operator)
        return user

    return await in_transaction(engine, work)


async def disable(engine: AsyncEngine, handle: str, *, actor: str = "") -> User | None:
    """Close a user's ways in for good, login tokens too; the user as now is, None when there is none.

    Sessions are in Redis: the caller ends them next (`Sessions.end_user`), else they live out their time.
    """
    async with engine.begin() as conn:
        found = await find(conn, handle)
        if found is None:
            return None
        await conn.execute(users.update().where(users.c.id == found.id).values(disabled=True))
        tokens = login_tokens.update().where(login_tokens.c.user_id == found.id, login_tokens.c.revoked_at.is_(None))
        await conn.execute(tokens.values(revoked_at=time.time()))
        if not found.disabled:
            await audit.record(conn, "user_disabled", actor=actor, subject=handle)
        return await find_id(conn, found.id)
