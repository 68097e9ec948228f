"""Reads from Redis what a decision needs, and opens it; what does not open counts as absent.

The route, markers, session and its idle time come in one round trip. A share is asked for only when the session's
user is not the stack's own.
"""

from collections.abc import Callable
from typing import Any

import structlog
from redis.asyncio import Redis

from auth_manager.gate.batch import Batch
from auth_manager.gate.decide import Reading
from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import idle_key, session_key
from auth_manager.sessions.store import Sessions
from stack_deployer.contract.bus import GRANTS_LOADED, ROUTES_LOADED, digest, grant_key, route_key
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import SealBroken, Sealer

_REMEMBERED = 4096  # opened values

_log = structlog.get_logger()


class Opened:
    """Opens sealed values of one purpose, and remembers the last by their bytes: the same bytes open the same.

    `shape` makes the value of the sealed object; it may raise TypeError or KeyError.
    """

    def __init__(self, sealer: Sealer, shape: Callable[[dict[str, Any]], Any]) -> None:
        self._sealer = sealer
        self._shape = shape
        self._known: dict[str, tuple[bytes, Any]] = {}

    def open(self, name: str, raw: bytes | None) -> Any:
        """The value kept under the Redis key `name`; None when absent or not ours."""
        if raw is None:
            return None
        known = self._known.get(name)
        if known is not None and known[0] == raw:
            return known[1]
        try:
            value = self._shape(self._sealer.open(name, raw))
        except (SealBroken, ValueError, TypeError, KeyError, AttributeError):
            _log.warning("a value in Redis is not ours", key=name)
            return None
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[name] = (raw, value)
        return value


class Reader:
    """Reads a host's route and a session; Redis errors go to the caller, who has the deadline."""

    def __init__(self, redis: Redis, routes: Sealer, grants: Sealer, sessions: Sessions) -> None:
        self._batch = Batch(redis)
        self._routes = Opened(routes, Route.from_value)
        self._markers = Opened(routes, dict)
        self._grants = Grants(redis, grants)
        self._sessions = sessions

    async def read(self, host: str, secret: str | None) -> Reading:
        """What Redis has on that host, and on the session of that secret."""
        key = route_key(host)
        if secret is None:
            found = await self._batch.get(key, ROUTES_LOADED)
            return Reading(self._is_marker(found[1]), self._routes.open(key, found[0]))
        sid = digest(secret)
        found = await self._batch.get(key, ROUTES_LOADED, GRANTS_LOADED, session_key("host", sid), idle_key(sid))
        route: Route | None = self._routes.open(key, found[0])
        session = self._sessions.open("host", sid, found[3], found[4])
        grants_loaded, role = False, None
        if route is not None and session is not None and session.user_id != route.user_id:
            grants_loaded = self._grants.is_marker(found[2])
            (raw,) = await self._batch.get(grant_key(route.stack_id, session.user_id))
            role = self._grants.open(route.stack_id, session.user_id, raw)
        return Reading(self._is_marker(found[1]), route, session, grants_loaded, role)

    async def routes_loaded(self) -> bool:
        """The worker has made all routes since Redis last came up empty."""
        (raw,) = await self._batch.get(ROUTES_LOADED)
        return self._is_marker(raw)

    def _is_marker(self, raw: bytes | None) -> bool:
        return self._markers.open(ROUTES_LOADED, raw) is not None
