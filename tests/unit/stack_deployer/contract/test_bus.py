"""Redis as both sides use it: a real one, a silent one, none."""

import asyncio
import hashlib
import socket

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stack_deployer.contract import bus
from tests.conftest import RedisServer, free_port


def test_redis_keeps_a_digest() -> None:
    """A secret's key is its SHA-256 in hex."""
    assert bus.digest("secret") == hashlib.sha256(b"secret").hexdigest()


def test_keys_tell_stack_and_user_apart() -> None:
    """Each host and each pair of stack and user has a key of its own."""
    assert bus.route_key("user1.inn.localhost") == "route:user1.inn.localhost"
    assert bus.grant_key("st1", "id1") == "grant:st1:id1"


async def test_answers_are_bytes(redis: Redis) -> None:
    """Sealed values are not text, so nothing is decoded on the way."""
    await redis.set("a", b"\xff\x00")

    assert await redis.get("a") == b"\xff\x00"


async def test_no_redis_is_an_error() -> None:
    """A refused connection is raised, not read as an empty answer."""
    client = bus.connect("127.0.0.1", free_port())

    with pytest.raises(RedisError):
        await client.get("a")
    await client.aclose()


async def test_a_silent_redis_is_an_error() -> None:
    """One that takes the connection and never answers is given up after the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = bus.connect("127.0.0.1", silent.getsockname()[1], deadline=0.05)

        with pytest.raises(RedisError):
            await client.get("a")
        await client.aclose()


async def test_a_wrong_password_is_an_error(redis_server: RedisServer) -> None:
    """So is none at all."""
    for password in ("wrong", None):
        client = bus.connect(redis_server.host, redis_server.port, password=password, deadline=5)
        with pytest.raises(RedisError):
            await client.get("a")
        await client.aclose()


async def test_waiting_for_a_free_connection_has_the_deadline_too(redis_server: RedisServer) -> None:
    """When all connections are taken by slow answers, the next caller is told, not kept."""
    client = bus.connect(
        redis_server.host, redis_server.port, password=redis_server.password, deadline=0.5, connections=1
    )  # fmt: skip
    async with client.client() as holding:
        await holding.ping()
        with pytest.raises(RedisError):
            await client.get("a")
    await client.aclose()


async def test_the_password_is_not_in_the_repr(redis_server: RedisServer) -> None:
    """A client that lands in a log does not tell how to get in."""
    client = bus.connect(redis_server.host, redis_server.port, password="planted-secret")

    assert "planted-secret" not in repr(client)
    await client.aclose()


async def test_the_bell_wakes_who_listens(redis: Redis) -> None:
    """A ring reaches a subscriber."""
    async with redis.pubsub(ignore_subscribe_messages=True) as listener:
        await listener.subscribe(bus.BELL)
        await listener.parse_response()  # subscribed now
        await bus.ring(redis)
        async with asyncio.timeout(5):
            kind, channel, _ = await listener.parse_response()

    assert (b"message", b"bell") == (kind, channel)
