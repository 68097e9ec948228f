"""Reads that arrive together are one MGET, and fail together."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_manager.gate.batch import Batch
from tests.conftest import RedisServer


async def commands(redis: Redis) -> int:
    """How many MGET Redis has done."""
    stats = await redis.info("commandstats")
    return int(stats.get("cmdstat_mget", {"calls": 0})["calls"])


async def test_everybody_gets_their_own(redis: Redis) -> None:
    """Each reader gets the values of its own keys, in its order, None for absent ones, all by one command."""
    await redis.mset({"a": b"1", "b": b"2"})
    batch, before = Batch(redis), await commands(redis)

    got = list(await asyncio.gather(batch.get("a", "b"), batch.get("b", "c", "a"), batch.get("c")))

    assert [[b"1", b"2"], [b"2", None, b"1"], [None]] == got
    assert before + 1 == await commands(redis)


async def test_a_later_read_is_a_new_one(redis: Redis) -> None:
    """What changed before a read was asked for is seen by it."""
    batch = Batch(redis)
    await redis.set("a", b"1")
    assert [b"1"] == await batch.get("a")

    await redis.delete("a")

    assert [None] == await batch.get("a")


async def test_who_stops_waiting_stops_nobody_else(redis: Redis) -> None:
    """A cancelled reader leaves the others their answer."""
    await redis.set("a", b"1")
    batch = Batch(redis)
    impatient, patient = asyncio.create_task(batch.get("a")), asyncio.create_task(batch.get("a"))
    await asyncio.sleep(0)

    impatient.cancel()

    assert [b"1"] == await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_an_error_reaches_everybody(redis_server: RedisServer) -> None:
    """When Redis fails, every reader of that batch hears it; the next batch tries again."""
    lost = RedisServer(redis_server.host, redis_server.port, "wrong").connect()
    batch = Batch(lost)

    for _ in range(2):
        got = await asyncio.gather(batch.get("a"), batch.get("b"), return_exceptions=True)
        assert all(isinstance(error, RedisError) for error in got)

    await lost.aclose()
