"""Login tokens: long-lived, revocable, kept as their hash; a program exchanges one for a session."""

import secrets
import time

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import uuid7

from auth_manager.users import audit
from auth_manager.users.accounts import User, UserDisabled, find_id, parse
from auth_manager.users.sign_in import seen
from auth_manager.users.tables import login_tokens, users
from stack_deployer.contract.bus import digest

PREFIX = "ink_"
DAYS = 365
_DAY = 86400.0  # seconds


async def issue(engine: AsyncEngine, user: User, days: float = DAYS, *, actor: str = "") -> str:
    """A new token of the user, good for `days`; it is told here once and kept nowhere. Raises UserDisabled."""
    token = PREFIX + secrets.token_urlsafe(32)
    now = time.time()
    async with engine.begin() as conn:
        found = await find_id(conn, user.id)  # in this transaction: disabled meanwhile is disabled
        if found is None or found.disabled:
            raise UserDisabled(user.handle)
        await conn.execute(
            login_tokens.insert().values(
                id=str(uuid7()), hash=digest(token), user_id=user.id, expires_at=now + days * _DAY,
                last_used_at=None, created_at=now, revoked_at=None,
            )
        )  # fmt: skip
        await audit.record(conn, "token_issued", actor=actor or user.handle, subject=user.handle, days=days)
    return token


async def exchange(engine: AsyncEngine, token: str, client: str = "") -> User | None:
    """The user of a token; None when it is unknown, expired or revoked, or its user disabled."""
    now = time.time()
    query = sa.select(users, login_tokens.c.id.label("token_id")).join(login_tokens)
    good = (login_tokens.c.expires_at > now, login_tokens.c.revoked_at.is_(None), users.c.disabled.is_(False))
    async with engine.begin() as conn:
        row = (await conn.execute(query.where(login_tokens.c.hash == digest(token), *good))).first()
        if row is None:
            await audit.record(conn, "sign_in_failed", client=client, way="token")
            return None
        used = login_tokens.update().where(login_tokens.c.id == row.token_id, login_tokens.c.revoked_at.is_(None))
        if (await conn.execute(used.values(last_used_at=now))).rowcount != 1:
            return None  # revoked a moment ago
        return await seen(conn, parse(row), client=client, way="token")


async def revoke_all(engine: AsyncEngine, user: User, *, actor: str = "") -> int:
    """Make all tokens of the user worthless from now on; how many those were."""
    live = sa.and_(login_tokens.c.user_id == user.id, login_tokens.c.revoked_at.is_(None))
    async with engine.begin() as conn:
        count = (await conn.execute(login_tokens.update().where(live).values(revoked_at=time.time()))).rowcount
        await audit.record(conn, "tokens_revoked", actor=actor or user.handle, subject=user.handle, count=count)
    return count
