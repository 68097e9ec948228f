"""A clock that stands still until told, and the room's stores on a real Redis."""

import asyncio
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from stack_deployer.contract.seal import Sealer

KEY = bytes(range(32))


@dataclass
class Clock:
    """Unix time as the test sets it; Redis's own clock goes on beside it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def read(redis: Redis, key: str) -> bytes | None:
    """What Redis has under the key."""
    raw = await redis.get(key)
    assert not isinstance(raw, str)
    return raw


async def warm(redis: Redis) -> None:
    """Open the pool's connections, without which the first of many at once is done before the rest begin."""
    await asyncio.gather(*(redis.ping() for _ in range(100)))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(redis: Redis, clock: Clock) -> Sessions:
    """Sessions that end after an hour idle, twelve in all."""
    return Sessions(redis, Sealer(KEY, "session"), Lifetimes(idle=3600, cap=43_200), clock=clock)


@pytest.fixture
def tickets(redis: Redis, clock: Clock) -> Tickets:
    return Tickets(redis, Sealer(KEY, "ticket"), clock=clock)


@pytest.fixture
def grants(redis: Redis, clock: Clock) -> Grants:
    return Grants(redis, Sealer(KEY, "grant"), clock=clock)
