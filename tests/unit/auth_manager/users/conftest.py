"""What the tests of users share: cheap password hashes, a user, the audit log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users.accounts import User, add_user
from auth_manager.users.password import Passwords
from auth_manager.users.tables import audit_events

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "a long walk by the sea"
DOMAIN = "inn.localhost"


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """Passwords as the product has them, but for hashes that cost next to nothing."""
    passwords = Passwords(hasher=CHEAP)
    yield passwords
    passwords.close()


@pytest.fixture
async def ada(engine: AsyncEngine, passwords: Passwords) -> User:
    """A user with e-mail and password."""
    return await add_user(engine, passwords, handle="ada", email="ada@example.com", password=PASSWORD)


async def audited(engine: AsyncEngine) -> list[dict[str, Any]]:
    """All audit events in order, `detail` parsed, without ids and times."""
    async with engine.connect() as conn:
        rows = (await conn.execute(sa.select(audit_events).order_by(audit_events.c.id))).mappings().all()
    plain = [{name: value for name, value in row.items() if name not in ("id", "at")} for row in rows]
    return [event | {"detail": json.loads(event["detail"])} for event in plain]


async def count_rows(engine: AsyncEngine) -> dict[str, int]:
    """How many rows each table has, those with none left out."""
    counts = {}
    async with engine.connect() as conn:
        for name, table in audit_events.metadata.tables.items():
            number = (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            if number:
                counts[name] = number
    return counts
