"""Routes in Redis: sealed, a key a host, for the gate. The marker says that all are there."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from redis.asyncio import Redis

from stack_deployer.contract import bus
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import SealBroken, Sealer
from stack_deployer.contract.wanted import Wanted
from stack_deployer.plan import Exposure


def state(stack: Wanted) -> str:
    """The state the gate is told: it never says running of a stack that is to stop or to go."""
    if stack.wanted == "removed":
        return "removing"
    return "stopped" if stack.wanted == "stopped" else stack.status


def of(stack: Wanted, exposure: Exposure, *, as_state: str | None = None) -> list[Route]:
    """The stack's routes, one a host, in its state of the row or in the one given."""
    said = as_state or state(stack)
    reason = stack.reason.partition("\n")[0] if said == "failed" else ""
    return [
        Route(
            host=host, stack_id=stack.id, name=stack.name, user_id=stack.user_id, user=stack.user,
            tenant=stack.tenant, hosts=stack.hosts, state=said, reason=reason, public=exposure.public,
            origins=exposure.origins, headers=dict(exposure.headers),
        )
        for host in stack.hosts
    ]  # fmt: skip


class Routes:
    """Writes routes; every method raises RedisError, and then nothing is known of what was written."""

    def __init__(self, redis: Redis, sealer: Sealer, *, clock: Callable[[], float] = time.time) -> None:
        self._redis: Any = redis  # its types say bytes or str; the client of bus.connect returns bytes
        self._sealer = sealer
        self._clock = clock

    async def loaded(self) -> bool:
        """Whether the marker is there and ours."""
        raw = await self._redis.get(bus.ROUTES_LOADED)
        return raw is not None and self._open(bus.ROUTES_LOADED, raw) is not None

    async def write(self, routes: Iterable[Route]) -> None:
        """Replace these routes, all at once."""
        pipeline = self._redis.pipeline(transaction=True)
        for route in routes:
            key = bus.route_key(route.host)
            pipeline.set(key, self._sealer.seal(key, route.to_value()))
        await pipeline.execute()

    async def drop(self, stack_id: str, hosts: Iterable[str]) -> None:
        """Delete the routes of a removed stack; a host that another stack has by now is left alone."""
        for host in hosts:
            key = bus.route_key(host)
            raw = await self._redis.get(key)
            value = self._open(key, raw) if raw is not None else None
            if value is None or value.get("stack_id") == stack_id:
                await self._redis.delete(key)

    async def make_again(self, routes: Iterable[Route]) -> None:
        """Write all routes there are, delete all others, and the marker last."""
        wanted = list(routes)
        keys = {bus.route_key(route.host) for route in wanted}
        async for raw in self._redis.scan_iter(match="route:*", count=500):
            key = raw.decode(errors="replace")
            if key not in keys:
                await self._redis.delete(raw)
        await self.write(wanted)
        marker = self._sealer.seal(bus.ROUTES_LOADED, {"at": self._clock()})
        await self._redis.set(bus.ROUTES_LOADED, marker)

    def _open(self, key: str, raw: bytes) -> dict[str, Any] | None:
        try:
            return self._sealer.open(key, raw)
        except SealBroken:
            return None
