"""What the ticks stand on: a stack that runs, a token of its user, and a stranger made for the occasion."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import sqlalchemy as sa
from redis.exceptions import RedisError

from auth_manager.users import accounts, login_tokens, tables
from auth_manager.users.accounts import User
from auth_manager.users.password import Passwords
from innkeeper.platform.errors import InnError
from innkeeper.platform.state import Connected
from stack_deployer.contract import wanted
from stack_deployer.contract.bus import digest
from stack_deployer.contract.wanted import Wanted

TEMPLATE = "hello"  # its app shows what reached it
_ACTOR = "innkeeper check"
_TOKEN_DAYS = 600 / 86400  # ten minutes, should a kill leave one behind


@dataclass(frozen=True, slots=True)
class Ground:
    """A running stack, a login token of its own user, and of another user who may enter nothing."""

    stack: Wanted
    token: str = field(repr=False)
    stranger: str
    stranger_token: str = field(repr=False)


@asynccontextmanager
async def prepare(inn: Connected) -> AsyncIterator[Ground]:
    """Make the tokens and the stranger in SQL; on leaving nothing of them is left but the audit's lines.

    Raises InnError when no stack runs that could be looked at.
    """
    stack, user = await _running(inn)
    made: list[str] = []
    handle = f"check-{secrets.token_hex(6)}"
    stranger = await accounts.add_user(inn.engine, Passwords(threads=1), handle=handle, actor=_ACTOR)
    try:
        for one in (user, stranger):
            made.append(await login_tokens.issue(inn.engine, one, _TOKEN_DAYS, actor=_ACTOR))
        yield Ground(stack, made[0], handle, made[1])
    finally:
        await _clear(inn, stranger, made)


async def _running(inn: Connected) -> tuple[Wanted, User]:
    async with inn.engine.connect() as conn:
        for stack in await wanted.live(conn):
            if stack.template == TEMPLATE and stack.status == stack.wanted == "running":
                user = await accounts.find_id(conn, stack.user_id)
                if user is not None and not user.disabled:
                    return stack, user
    words = f"no stack of the template {TEMPLATE!r} is running, so there is nothing to look at"
    raise InnError(f"{words}; start one with `innkeeper deploy demo demo`")


async def _clear(inn: Connected, stranger: User, tokens: list[str]) -> None:
    with suppress(RedisError):
        await inn.sessions.end_user(stranger.id)
    hashes = [digest(token) for token in tokens]
    async with inn.engine.begin() as conn:
        await conn.execute(sa.delete(tables.login_tokens).where(tables.login_tokens.c.hash.in_(hashes)))
        await conn.execute(sa.delete(tables.users).where(tables.users.c.id == stranger.id))  # cascades
        await conn.execute(sa.delete(tables.tenants).where(tables.tenants.c.slug == stranger.handle))
