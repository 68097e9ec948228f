"""Grants: the gate's sealed copies of shares. SQL has the truth; absent, forged or unknown means no."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from redis.asyncio import Redis

from auth_manager.sessions import scripts
from stack_deployer.contract.bus import GRANTS_LOADED, grant_key
from stack_deployer.contract.route import ROLES
from stack_deployer.contract.seal import SealBroken, Sealer

_CHANGES = "grants:changes"  # a counter: tells a copy of all from a change made meanwhile
_CHUNK = 500  # grants written in one go; keeps Redis's pauses below a few milliseconds


class Grants:
    """Who else may enter which stack, and as what; Redis errors pass through."""

    def __init__(self, redis: Redis, sealer: Sealer, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._sealer = sealer
        self._clock = clock
        self._write_grants = redis.register_script(scripts.WRITE_GRANTS)

    async def write(self, stack_id: str, user_id: str, role: str) -> None:
        """Copy one share, after SQL has it; raises ValueError for an unknown role."""
        if role not in ROLES:
            raise ValueError(f"role {role!r} is not one of {', '.join(ROLES)}")
        key = grant_key(stack_id, user_id)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, self._sealer.seal(key, {"role": role}))
            pipe.incr(_CHANGES)
            await pipe.execute()

    async def drop(self, stack_id: str, user_id: str) -> None:
        """Withdraw one share, after SQL has lost it; it holds from the next request."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(grant_key(stack_id, user_id))
            pipe.incr(_CHANGES)
            await pipe.execute()

    def open(self, stack_id: str, user_id: str, raw: bytes | None) -> str | None:
        """The role that Redis's answer for this stack and user gives; None without a sound one."""
        if raw is None:
            return None
        try:
            role = self._sealer.open(grant_key(stack_id, user_id), raw).get("role")
        except SealBroken:
            return None
        return role if role in ROLES else None

    async def loaded(self) -> bool:
        """Whether the copies are all there; without that an absent grant says nothing."""
        raw: Any = await self._redis.get(GRANTS_LOADED)
        return self.is_marker(raw)

    def is_marker(self, raw: bytes | None) -> bool:
        """Whether Redis's answer for the marker's key is the marker."""
        if raw is None:
            return False
        try:
            self._sealer.open(GRANTS_LOADED, raw)
        except SealBroken:
            return False
        return True

    async def changes(self) -> str:
        """How many changes there were: to be read before SQL is, and handed to `make_again`."""
        raw: Any = await self._redis.get(_CHANGES)
        return (raw or b"0").decode("ascii")

    async def make_again(self, grants: Iterable[tuple[str, str, str]], *, changes: str = "") -> bool:
        """Make the copies equal to `grants` (stack, user, role), the marker last; unknown roles are left out.

        With `changes`, stops and returns False when a share was written or dropped since: the list is older than
        what Redis has, and could bring a withdrawn share back. Read SQL again then.
        """
        wanted: dict[str, bytes] = {}
        for stack_id, user_id, role in grants:
            key = grant_key(stack_id, user_id)
            if role in ROLES:
                wanted[key] = self._sealer.seal(key, {"role": role})
        there = [key.decode() async for key in self._redis.scan_iter(match=grant_key("*", "*"), count=1000)]
        writes = {key: b"" for key in there if key not in wanted} | wanted
        marker = {GRANTS_LOADED: self._sealer.seal(GRANTS_LOADED, {"at": self._clock()})}
        for chunk in (*_chunks(writes), marker):
            if not await self._write_grants(keys=[_CHANGES, *chunk], args=[changes, *chunk.values()]):
                return False
        return True


def _chunks(writes: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    items = list(writes.items())
    for start in range(0, len(items), _CHUNK):
        yield dict(items[start : start + _CHUNK])
