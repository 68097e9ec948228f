"""Login tokens."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users import accounts, login_tokens
from auth_manager.users.accounts import User, UserDisabled
from auth_manager.users.tables import login_tokens as table
from stack_deployer.contract.bus import digest

from .conftest import audited


async def test_a_token_opens_until_it_is_revoked(engine: AsyncEngine, ada: User) -> None:
    """A token may be exchanged any number of times; revoked, it opens nothing."""
    token = await login_tokens.issue(engine, ada)
    users = [await login_tokens.exchange(engine, token, "192.0.2.1") for _ in range(2)]
    revoked = await login_tokens.revoke_all(engine, ada)

    assert [ada.id, ada.id] == [user.id for user in users if user]
    assert 1 == revoked
    assert await login_tokens.exchange(engine, token) is None


async def test_tokens_are_secrets(engine: AsyncEngine, ada: User) -> None:
    """A token has the prefix and 256 random bits; SQL and the audit log have no more than its hash."""
    first, second = [await login_tokens.issue(engine, ada) for _ in range(2)]
    async with engine.connect() as conn:
        rows = (await conn.execute(sa.select(table).order_by(table.c.created_at))).all()

    assert first != second
    assert ("ink_", 47) == (first[:4], len(first))
    assert [digest(first), digest(second)] == [row.hash for row in rows]
    assert first.removeprefix("ink_") not in f"{rows}{await audited(engine)}"


async def test_a_disabled_user_gets_no_token(engine: AsyncEngine, ada: User) -> None:
    """Whoever may come in no more is refused, even where the caller has read the user before; nothing is kept."""
    await accounts.disable(engine, ada.handle)
    with pytest.raises(UserDisabled, match="'ada' is disabled"):
        await login_tokens.issue(engine, ada)

    async with engine.connect() as conn:
        assert [] == (await conn.execute(sa.select(table))).all()


async def test_a_token_ends(engine: AsyncEngine, ada: User) -> None:
    """It is good for the days it was issued for, 365 when not said, and not afterwards."""
    ended = await login_tokens.issue(engine, ada, days=0)
    await login_tokens.issue(engine, ada)
    async with engine.connect() as conn:
        lives = sorted((await conn.execute(sa.select(table.c.expires_at - table.c.created_at))).scalars())

    assert await login_tokens.exchange(engine, ended) is None
    assert [0, 365 * 86400] == pytest.approx(lives)


async def test_use_is_noted(engine: AsyncEngine, ada: User) -> None:
    """Using a token sets `last_used_at` and the user's `last_seen_at`, and is on record as a sign-in by token."""
    token = await login_tokens.issue(engine, ada, actor="admin")
    user = await login_tokens.exchange(engine, token, "192.0.2.1")
    async with engine.connect() as conn:
        used = (await conn.execute(sa.select(table.c.last_used_at))).scalar_one()

    assert user is not None
    assert user.last_seen_at is not None
    assert used is not None
    told = [(e["event"], e["actor"], e["subject"], e["client"], e["detail"]) for e in (await audited(engine))[1:]]
    assert [
        ("token_issued", "admin", "ada", "", {"days": 365}),
        ("sign_in", "ada", "", "192.0.2.1", {"way": "token"}),
    ] == told


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("token", ["", "ink_", "ink_" + "x" * 43, "x' OR '1'='1"])
async def test_other_tokens_open_nothing(engine: AsyncEngine, token: str) -> None:
    """What was never issued opens nothing, and the try is on record without it."""
    assert await login_tokens.exchange(engine, token, "192.0.2.1") is None
    event = (await audited(engine))[-1]

    assert ("sign_in_failed", "192.0.2.1", {"way": "token"}) == (event["event"], event["client"], event["detail"])


async def test_a_hash_is_no_token(engine: AsyncEngine, ada: User) -> None:
    """Who reads the table cannot sign in with what is there."""
    token = await login_tokens.issue(engine, ada)

    assert await login_tokens.exchange(engine, digest(token)) is None


async def test_many_exchanges_at_once(engine: AsyncEngine, ada: User) -> None:
    """A program that signs in ten times at the same moment is let in ten times."""
    token = await login_tokens.issue(engine, ada)
    users = await asyncio.gather(*(login_tokens.exchange(engine, token) for _ in range(10)))

    assert {ada.id} == {user.id for user in users if user}
    assert None not in users
