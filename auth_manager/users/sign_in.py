"""Signing in with e-mail and password."""

import time

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth_manager.errors import FieldRefused
from auth_manager.users import audit
from auth_manager.users.accounts import User, find_id, parse
from auth_manager.users.names import canonical_email
from auth_manager.users.password import Passwords
from auth_manager.users.tables import credentials, users


async def sign_in(
    engine: AsyncEngine, passwords: Passwords, *, email: str, password: str, client: str = ""
) -> User | None:
    """The user of e-mail and password; None for an unknown e-mail, a wrong password, a disabled user.

    The three take the same queries and hashes, so that nobody learns which it was. Raises Busy.
    """
    try:
        address = canonical_email(email)
    except FieldRefused:
        address = ""  # nobody's; looked up all the same
    query = (
        sa.select(users, credentials.c.id.label("credential_id"), credentials.c.secret)
        .join(credentials, sa.and_(credentials.c.user_id == users.c.id, credentials.c.kind == "password"))
        .where(users.c.email == address)
    )
    async with engine.connect() as conn:
        row = (await conn.execute(query)).first()
    if row is None:
        good = await passwords.verify_unknown(password)
    else:
        good = await passwords.verify(row.secret, password)
    if row is None or not good or row.disabled:
        async with engine.begin() as conn:
            # The address typed is not kept: people type passwords there.
            await audit.record(conn, "sign_in_failed", subject=row.handle if row else "", client=client, way="password")
        return None
    renewed = await passwords.hash(password) if passwords.needs_rehash(row.secret) else None
    async with engine.begin() as conn:
        if renewed is not None:
            await _renew(conn, row.credential_id, row.secret, renewed)
        return await seen(conn, parse(row), client=client, way="password")


async def _renew(conn: AsyncConnection, credential_id: str, old: str, new: str) -> None:
    """Keep the hash made with the parameters in force, unless the password was changed meanwhile."""
    same = sa.and_(credentials.c.id == credential_id, credentials.c.secret == old)
    await conn.execute(credentials.update().where(same).values(secret=new, updated_at=time.time()))


async def seen(conn: AsyncConnection, user: User, *, client: str, way: str) -> User | None:
    """Note that the user signed in that way; None when the user was disabled or removed a moment ago."""
    live = sa.and_(users.c.id == user.id, users.c.disabled.is_(False))
    noted = await conn.execute(users.update().where(live).values(last_seen_at=time.time()))
    if noted.rowcount != 1:
        return None
    await audit.record(conn, "sign_in", actor=user.handle, client=client, way=way)
    return await find_id(conn, user.id)
