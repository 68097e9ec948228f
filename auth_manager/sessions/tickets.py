"""Tickets: one-time, short-lived leave to do one thing, bound to its kind. Redis errors pass through."""

import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

from redis.asyncio import Redis

from stack_deployer.contract.bus import digest
from stack_deployer.contract.seal import SealBroken, Sealer

TicketKind = Literal["link", "enter"]

_SECRET_BYTES = 32
_HANDOFF_SECONDS = 30


class Tickets:
    """All tickets of the platform; `clock` gives Unix time, `random` a secret of so many bytes."""

    def __init__(
        self,
        redis: Redis,
        sealer: Sealer,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._redis = redis
        self._sealer = sealer
        self._clock = clock
        self._random = random

    async def issue(self, kind: TicketKind, value: dict[str, Any], ttl: int) -> str:
        """The secret of a new ticket that carries `value` for `ttl` seconds."""
        secret = self._random(_SECRET_BYTES)
        key = _ticket_key(kind, secret)
        content = {"value": value, "expires": self._clock() + ttl}
        await self._redis.set(key, self._sealer.seal(key, content), ex=ttl)
        return secret

    async def consume(self, kind: TicketKind, secret: str) -> dict[str, Any] | None:
        """What the ticket carries, to the first who asks; None when used, late, forged or of another kind."""
        if not secret.isascii():
            return None
        key = _ticket_key(kind, secret)
        return self._open(key, await self._redis.getdel(key))

    async def look(self, kind: TicketKind, secret: str) -> dict[str, Any] | None:
        """What the ticket carries, without using it up; None as in `consume`."""
        if not secret.isascii():
            return None
        key = _ticket_key(kind, secret)
        return self._open(key, await self._redis.get(key))

    def _open(self, key: str, raw: Any) -> dict[str, Any] | None:
        if raw is None:
            return None
        try:
            content = self._sealer.open(key, raw)
        except SealBroken:
            return None
        value: dict[str, Any] = content["value"]
        return value if self._clock() < content["expires"] else None

    async def handoffs(self, sso_digest: str, host: str) -> int:
        """Count a hand-off of this browser to this host: how many it makes in 30 s, this one included."""
        key = f"handoffs:{sso_digest}:{host}"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, 0, ex=_HANDOFF_SECONDS, nx=True)  # EXPIRE … NX would ask for Redis 7
            pipe.incr(key)
            _, count = await pipe.execute()
        return int(count)


def _ticket_key(kind: TicketKind, secret: str) -> str:
    return f"ticket:{kind}:{digest(secret)}"
