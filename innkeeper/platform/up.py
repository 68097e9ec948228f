"""Bringing the platform up: each process as early as what it needs is there, all at once where possible."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress

from redis.exceptions import RedisError

from auth_manager.users import database
from innkeeper.platform import ca, doors, furnish, keys, moved, programs, ready, steps
from innkeeper.platform.settings import UpSettings
from innkeeper.platform.state import Connected, Platform
from stack_deployer.contract import bus, wanted
from stack_deployer.contract.wanted import Wanted
from stack_deployer.engines.processes import Processes, Program

_STACKS_WITHIN = 30.0  # seconds that `up` waits for stacks; they go on coming up afterwards
_LOOK = 0.1


class Up:
    """One run of `innkeeper up` on a claimed state directory, until everything answers."""

    def __init__(self, platform: Platform, settings: UpSettings, processes: Processes, tell: steps.Tell) -> None:
        self._platform = platform
        self._settings = settings
        self._processes = processes
        self._tell = tell
        self._redis = asyncio.Event()
        self._database = asyncio.Event()

    async def run(self) -> None:
        """Bring everything up; raises InnError, OSError, DeployerError or
        SQLAlchemyError, with some of it running."""
        with steps.step("keys", self._tell):
            self._make_files()
        self._probes = ready.Probes(self._platform, self._processes)
        self._programs = programs.programs(self._platform, self._settings)
        try:
            await _all_of(
                self._process("redis"), self._migrate(), self._process("traefik"), self._process("gate"),
                self._process("portal", after=self._database), self._process("worker", after=self._database),
                self._users(),
            )  # fmt: skip
            await ready.wait("traefik", self._probes.of["line"], self._processes, self._platform)
            await self._stacks()
        finally:
            await self._probes.aclose()

    def _make_files(self) -> None:
        layout = self._platform.layout
        layout.make()
        keys.make_keys(layout.keys)
        ca.make_certificates(layout)
        programs.write_configuration(self._platform)

    async def _process(self, name: str, *, after: asyncio.Event | None = None) -> None:
        if after is not None:
            await after.wait()
        with steps.step(name, self._tell):
            program: Program = self._programs[name]
            await self._processes.start(program)
            await ready.wait(name, self._probes.of[name], self._processes, self._platform)
        if name == "redis":
            self._redis.set()

    async def _migrate(self) -> None:
        with steps.step("database", self._tell):
            await asyncio.to_thread(database.migrate, self._platform.layout.database_url)
            await moved.render_again(self._platform, self._processes)
        self._database.set()

    async def _users(self) -> None:
        await self._database.wait()
        with steps.step("users", self._tell):
            if not self._platform.record.furnished:
                async with self._platform.connected() as inn:
                    await furnish.furnish(inn.engine, self._platform.record.domain)
                    await self._redis.wait()
                    with suppress(RedisError):
                        await bus.ring(inn.redis)
                self._platform.write(furnished=True)

    async def _stacks(self) -> None:
        """Wait until the stacks that are to run do so and let their users in; one that fails is told, not raised."""
        with steps.step("stacks", self._tell) as note:
            until = time.monotonic() + _STACKS_WITHIN
            async with self._platform.connected() as inn:
                async with inn.engine.connect() as conn:
                    to_run = [stack for stack in await wanted.live(conn) if stack.wanted == "running"]
                open_ = await asyncio.gather(*(_opens(inn, stack, until) for stack in to_run))
            late = [stack.name for stack, is_open in zip(to_run, open_, strict=True) if not is_open]
            note.message = f"not yet running: {', '.join(late)}" if late else f"{len(to_run)} running"


async def _opens(inn: Connected, stack: Wanted, until: float) -> bool:
    """Whether the stack runs and lets its user in, by the monotonic time `until`."""
    while time.monotonic() < until:
        async with inn.engine.connect() as conn:
            found = await wanted.find(conn, stack.id)
        if found is None or found.status in ("failed", "removed"):
            return False
        if found.status == "running":
            with suppress(RedisError):
                return not await doors.try_doors(inn, found, within=until - time.monotonic())
        await asyncio.sleep(_LOOK)
    return False


async def _all_of(*works: Awaitable[None]) -> None:
    """Run all at once; the first failure ends the others and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
