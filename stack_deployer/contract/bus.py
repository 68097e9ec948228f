"""Redis as both sides use it: the names of keys, the bell, connections with a deadline."""

import hashlib
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ROUTES_LOADED = "routes:loaded"  # markers, sealed, written last by whoever makes all copies again
GRANTS_LOADED = "grants:loaded"
BELL = "bell"  # a pub/sub channel: wakes the worker, carries no request


def digest(secret: str) -> str:
    """The SHA-256 of a secret in hex: what Redis keeps instead of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def route_key(host: str) -> str:
    return f"route:{host}"


def grant_key(stack_id: str, user_id: str) -> str:
    return f"grant:{stack_id}:{user_id}"


def connect(
    host: str,
    port: int,
    *,
    username: str | None = None,
    password: str | None = None,
    deadline: float = 0.2,
    connections: int = 32,
) -> Redis:
    """A client that answers or fails within `deadline` seconds, never retries, and returns bytes.

    Failing is left to the caller: a Redis error is never "no session".
    """
    pool = BlockingConnectionPool(
        host=host,
        port=port,
        username=username,
        password=password,
        socket_timeout=deadline,
        socket_connect_timeout=deadline,
        timeout=deadline,
        max_connections=connections,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return Redis.from_pool(pool)  # closing the client closes its connections


async def ring(redis: Any) -> None:
    """Wake the worker; a lost bell costs seconds, so the caller may ignore Redis errors."""
    await redis.publish(BELL, b"1")
