"""Signing in with e-mail and password."""

from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users import accounts
from auth_manager.users.accounts import User, add_user
from auth_manager.users.password import Passwords
from auth_manager.users.sign_in import sign_in
from auth_manager.users.tables import credentials, users

from .conftest import CHEAP, PASSWORD, audited


class Counting(PasswordHasher):
    """Argon2 that counts its work."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002  the library's name
        self.verified += 1
        return super().verify(hash, password)


async def secret_of(engine: AsyncEngine) -> str:
    """The hash kept for the one user that there is."""
    async with engine.connect() as conn:
        secret: str = (await conn.execute(sa.select(credentials.c.secret))).scalar_one()
    return secret


async def test_email_and_password_open(engine: AsyncEngine, passwords: Passwords, ada: User) -> None:
    """The user is returned, seen now, and the sign-in is on record with its client."""
    user = await sign_in(engine, passwords, email=" ADA@example.com", password=PASSWORD, client="192.0.2.1")

    assert user is not None
    assert (ada.id, "ada") == (user.id, user.handle)
    assert user.last_seen_at is not None
    assert user.last_seen_at >= ada.created_at
    assert {
        "event": "sign_in", "actor": "ada", "subject": "", "tenant": "", "client": "192.0.2.1",
        "detail": {"way": "password"},
    } == (await audited(engine))[-1]  # fmt: skip


@pytest.mark.parametrize(
    ("email", "password", "subject"),
    [
        ("ada@example.com", "another password", "ada"),
        ("ada@example.com", "", "ada"),
        ("ada@example.com", PASSWORD.upper(), "ada"),
        ("ada@example.com", PASSWORD + "\x00", "ada"),
        ("bob@example.com", PASSWORD, ""),
        ("", PASSWORD, ""),
        ("no address", PASSWORD, ""),
        ("ada@example.com' OR '1'='1", PASSWORD, ""),
    ],
)
@pytest.mark.usefixtures("ada")
async def test_nothing_else_opens(
    engine: AsyncEngine, passwords: Passwords, email: str, password: str, subject: str
) -> None:
    """Wrong password, unknown and malformed e-mail are refused and on record; what was typed is not kept."""
    assert await sign_in(engine, passwords, email=email, password=password, client="192.0.2.1") is None
    event = (await audited(engine))[-1]

    assert ("sign_in_failed", "", subject, "192.0.2.1") == (
        event["event"], event["actor"], event["subject"], event["client"]
    )  # fmt: skip
    assert {"way": "password"} == event["detail"]


@pytest.mark.usefixtures("ada")
async def test_a_disabled_user_is_refused_like_a_wrong_password(engine: AsyncEngine, passwords: Passwords) -> None:
    """The right password of a disabled user opens nothing, and is not seen as a visit."""
    await accounts.disable(engine, "ada")

    assert await sign_in(engine, passwords, email="ada@example.com", password=PASSWORD) is None
    async with engine.connect() as conn:
        user = await accounts.find(conn, "ada")
    assert user is not None
    assert user.last_seen_at is None


async def test_a_user_without_password_is_refused(engine: AsyncEngine, passwords: Passwords) -> None:
    """Of a user who has an e-mail only, no password is right, the empty one neither."""
    await add_user(engine, passwords, handle="bob", email="bob@example.com")

    for password in ("", PASSWORD):
        assert await sign_in(engine, passwords, email="bob@example.com", password=password) is None


@pytest.mark.usefixtures("ada")
async def test_known_and_unknown_take_the_same_work(engine: AsyncEngine) -> None:
    """The same statements and the same number of hashes, whether e-mail is known, unknown, malformed or disabled."""
    hasher = Counting()
    counting = Passwords(hasher=hasher)
    statements: list[str] = []
    sa.event.listen(
        engine.sync_engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement)
    )
    work = []
    for case in ("known", "unknown", "no address", "disabled"):
        if case == "disabled":
            await accounts.disable(engine, "ada")
        statements.clear()
        hasher.verified = 0
        email = "ada@example.com" if case in ("known", "disabled") else case + "@example.com" * (case == "unknown")
        password = PASSWORD if case == "disabled" else "a wrong one"
        assert await sign_in(engine, counting, email=email, password=password) is None
        work.append((tuple(statements), hasher.verified))
    counting.close()

    assert 1 == len(set(work))
    assert 1 == work[0][1]


@pytest.mark.usefixtures("ada")
async def test_an_old_hash_is_renewed(engine: AsyncEngine) -> None:
    """When parameters rise, the next sign-in keeps a new hash; a failed one changes nothing; the password stays."""
    old = await secret_of(engine)
    risen = Passwords(hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert await sign_in(engine, risen, email="ada@example.com", password="a wrong one") is None
    assert old == await secret_of(engine)

    assert await sign_in(engine, risen, email="ada@example.com", password=PASSWORD) is not None
    new = await secret_of(engine)

    assert CHEAP.check_needs_rehash(new)
    assert not risen.needs_rehash(new)
    assert await sign_in(engine, risen, email="ada@example.com", password=PASSWORD) is not None
    assert new == await secret_of(engine)
    risen.close()


async def test_disabled_while_the_password_was_checked(engine: AsyncEngine, ada: User) -> None:
    """A user disabled between the check and the end of the sign-in is not signed in."""

    class Slow(Passwords):
        async def verify(self, secret: str, password: str) -> bool:
            good = await super().verify(secret, password)
            async with engine.begin() as conn:
                await conn.execute(users.update().where(users.c.id == ada.id).values(disabled=True))
            return good

    slow = Slow(hasher=CHEAP)

    assert await sign_in(engine, slow, email="ada@example.com", password=PASSWORD) is None
    slow.close()
