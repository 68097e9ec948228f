"""The ticks of `scripts/test-integration.sh` against a platform that is up, by real HTTP through its Traefik."""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
from redis.exceptions import RedisError

from innkeeper.checks.ground import prepare
from innkeeper.checks.ticks import TICKS
from innkeeper.checks.tour import Failed, Tour, tour
from innkeeper.platform.state import Connected, Platform


@dataclass(frozen=True, slots=True)
class Tick:
    """One question to the platform and its answer; `fault` is empty when all is well."""

    name: str
    fault: str
    seconds: float


async def run(platform: Platform, tell: Callable[[Tick], None]) -> list[Tick]:
    """Ask everything, each tick told when it is done; raises InnError when nothing runs that could be looked at.

    Leaves the platform as it was: its users, sessions and tokens are its own.
    """
    async with platform.connected() as inn, prepare(inn) as ground:
        with tour(platform, ground) as looking:
            try:
                return await asyncio.to_thread(_ask_all, looking, tell)  # visitors and ticks are not asynchronous
            finally:
                await _end(inn, looking.sessions())


def _ask_all(looking: Tour, tell: Callable[[Tick], None]) -> list[Tick]:
    ticks = []
    for name, ask in TICKS:
        began, fault = time.monotonic(), ""
        try:
            ask(looking)
        except Failed as failed:
            fault = str(failed)
        except (httpx.HTTPError, httpx.InvalidURL, RedisError, OSError) as error:
            fault = f"{type(error).__name__}: {error}".removesuffix(": ")
        ticks.append(Tick(name, fault, round(time.monotonic() - began, 3)))
        tell(ticks[-1])
    return ticks


async def _end(inn: Connected, sessions: list[str]) -> None:
    with suppress(RedisError):
        for session in sessions:
            await inn.sessions.end(session)


def run_script() -> None:
    """`test-integration` is `innkeeper check` under its founding name."""
    from innkeeper.cli.main import main

    sys.exit(main(["check", *sys.argv[1:]]))


if __name__ == "__main__":
    run_script()
