"""What the ticks make for themselves is gone afterwards (the ticks are in tests/scenarios/test_ticks.py)."""

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from auth_manager.users import accounts, deploy, login_tokens, tables
from innkeeper.checks.ground import prepare
from innkeeper.checks.ticks import spellings
from innkeeper.platform.errors import InnError
from innkeeper.platform.state import Connected
from stack_deployer.contract import wanted
from stack_deployer.contract.names import Site
from stack_deployer.contract.seal import Sealer

KEPT = ("users", "tenants", "memberships", "login_tokens", "credentials", "shares", "user_apps")


@pytest.fixture
def inn(engine: AsyncEngine, redis: Redis) -> Connected:
    """A platform's SQL and Redis, nothing else of it."""
    session, ticket, grant = (Sealer(b"k" * 32, purpose) for purpose in ("session", "ticket", "grant"))
    sessions = Sessions(redis, session, Lifetimes(idle=60, cap=60))
    site = Site("inn.localhost", "http", 8080)
    return Connected(site, redis, engine, sessions, Tickets(redis, ticket), Grants(redis, grant))


async def stack(inn: Connected, user: str, *, runs: bool = True) -> str:
    """The id of a new stack of that user, running as far as SQL knows."""
    made, _ = await deploy.want_stack(inn.engine, user=user, tenant=user, domain="inn.localhost", actor="test")
    async with inn.engine.begin() as conn:
        await wanted.report(conn, made.id, status="running" if runs else "failed")
    return made.id


async def rows(inn: Connected) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the tables but the audit's."""
    async with inn.engine.connect() as conn:
        named = {name: tables.metadata.tables[name] for name in KEPT}
        return {name: [tuple(row) for row in await conn.execute(sa.select(table))] for name, table in named.items()}


async def a_tick_with_a_bug(inn: Connected) -> None:
    """The stranger signs in, then something breaks."""
    async with prepare(inn) as ground:
        async with inn.engine.connect() as conn:
            stranger = await accounts.find(conn, ground.stranger)
        assert stranger is not None
        await inn.sessions.start_sso(stranger.id, stranger.handle, "")
        raise RuntimeError("a tick's bug")


async def test_nothing_is_left_of_it(inn: Connected) -> None:
    """Users, tenants, tokens and sessions are afterwards as they were, also when a tick raised."""
    await stack(inn, "demo")
    before = await rows(inn)

    with pytest.raises(RuntimeError):
        await a_tick_with_a_bug(inn)

    assert before == await rows(inn)
    assert [] == await inn.redis.keys("*")


async def test_tokens_are_of_the_stacks_user_and_of_a_stranger(inn: Connected) -> None:
    """One token signs in the stack's own user, the other somebody with no stack."""
    found = await stack(inn, "demo")

    async with prepare(inn) as ground:
        own, stranger = [
            await login_tokens.exchange(inn.engine, token) for token in (ground.token, ground.stranger_token)
        ]

    assert own is not None
    assert stranger is not None
    assert (found, "demo", ground.stranger) == (ground.stack.id, own.handle, stranger.handle)
    assert ground.token not in repr(ground)


async def test_the_users_own_tokens_stay(inn: Connected) -> None:
    """Tokens that the user had go on working."""
    await stack(inn, "demo")
    async with inn.engine.connect() as conn:
        user = await accounts.find(conn, "demo")
    assert user is not None
    token = await login_tokens.issue(inn.engine, user)

    async with prepare(inn):
        pass

    assert await login_tokens.exchange(inn.engine, token)


async def test_a_stack_that_runs_is_looked_for(inn: Connected) -> None:
    """A failed stack, and one of a disabled user, are passed over; without any it is said what to do."""
    await stack(inn, "broken", runs=False)
    await stack(inn, "gone")
    await accounts.disable(inn.engine, "gone")

    with pytest.raises(InnError, match="innkeeper deploy"):
        async with prepare(inn):
            pass
    running = await stack(inn, "demo")
    async with prepare(inn) as ground:
        assert running == ground.stack.id


def test_headers_are_forged_in_every_known_spelling() -> None:
    """Underscores, dots, case and mixtures: all that proxies were led astray by."""
    expected = {"X-Auth-User", "x-auth-user", "X-AUTH-USER", "X_Auth_User", "x.auth.user", "X_Auth-User"}

    assert expected == spellings("X-Auth-User")
