"""When a process of the platform is ready: asked of the process itself, by its own protocol."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
from redis.exceptions import RedisError

from innkeeper.platform.errors import InnError
from innkeeper.platform.state import Platform
from stack_deployer.contract import bus
from stack_deployer.contract.seal import SealBroken
from stack_deployer.engines import log
from stack_deployer.engines.processes import Processes

DEADLINE = 30.0  # seconds for one process; an idle machine takes one or two
_LOOK = 0.05  # seconds between two looks
_GIVE_UP = 4  # ends within seconds of its start after which waiting on is of no use

Probe = Callable[[], Awaitable[bool]]


class Probes:
    """One question for each process: are you ready? Leave with `aclose`."""

    def __init__(self, platform: Platform, processes: Processes) -> None:
        self._processes = processes
        self._routes = platform.sealer("route")
        ports, site = platform.record.ports, platform.site
        trust = ssl.create_default_context(cafile=str(platform.layout.ca / "ca.pem"))
        self._http = httpx.AsyncClient(verify=trust, timeout=2.0, trust_env=False)
        self._redis = platform.redis()
        host = {"Host": site.portal_host}
        api = f"http://127.0.0.1:{ports['traefik_api']}/api/http/routers/portal@file"
        self.of: dict[str, Probe] = {
            "redis": self._ping,
            "traefik": lambda: self._ok(api, {}),
            "gate": lambda: self._ok(f"https://127.0.0.1:{ports['gate']}/health", {}),
            "portal": lambda: self._ok(f"http://127.0.0.1:{ports['portal']}/health", host),
            "worker": self._published,
            "line": lambda: self._ok(f"http://127.0.0.1:{platform.record.port}/health", host),
        }

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._redis.aclose()

    async def _ping(self) -> bool:
        with suppress(RedisError, OSError):
            return bool(await self._redis.ping())
        return False

    async def _published(self) -> bool:
        """The worker listens nowhere; it is ready when it has published all routes since its start."""
        worker = self._processes.running().get("worker")
        with suppress(RedisError, OSError, SealBroken):
            marker: Any = await self._redis.get(bus.ROUTES_LOADED)
            if worker and marker:
                return bool(self._routes.open(bus.ROUTES_LOADED, marker)["at"] >= worker.started)
        return False

    async def _ok(self, url: str, headers: dict[str, str]) -> bool:
        with suppress(httpx.HTTPError):
            return (await self._http.get(url, headers=headers)).status_code == 200
        return False


async def wait(name: str, probe: Probe, processes: Processes, platform: Platform, *, within: float = DEADLINE) -> None:
    """Return when it is ready; raises InnError with its last log lines when it ends again and again, or is late."""
    until = time.monotonic() + within
    while not await probe():
        if processes.failures(name) >= _GIVE_UP:
            raise InnError(f"{name} ends right after its start; {_last_words(platform, name)}")
        if time.monotonic() > until:
            raise InnError(f"{name} is not ready after {within:.0f} s; {_last_words(platform, name)}")
        await asyncio.sleep(_LOOK)


def _last_words(platform: Platform, name: str) -> str:
    path = platform.layout.logs / f"{name}.log"
    lines = log.tail(path, 10)
    return f"the last lines of {path}:\n" + "\n".join(f"  {line}" for line in lines) if lines else f"{path} is empty"
