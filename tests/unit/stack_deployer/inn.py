"""A small inn for tests: real SQL, real Redis, a template of one small program, and workers to start and to kill."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users.deploy import want_stack
from stack_deployer.contract import bus, environment, wanted
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import Sealer
from stack_deployer.contract.wanted import Goal, Wanted
from stack_deployer.directory import StackDirectory
from stack_deployer.settings import WorkerSettings
from stack_deployer.worker.loop import Worker
from stack_deployer.worker.serve import wired

DOMAIN = "inn.localhost"
ROOT = Path(__file__).parents[3]
HELLO = ROOT / "templates" / "stacks" / "hello"
T = TypeVar("T")
LIMIT = 30  # seconds: only what never comes true takes so long


@dataclass(frozen=True, slots=True)
class Inn:
    """One platform's worth of directories and connections below `root`."""

    root: Path
    environ: dict[str, str]
    redis: Redis
    sql: AsyncEngine
    route_key: bytes

    @property
    def settings(self) -> WorkerSettings:
        return environment.read(WorkerSettings, self.environ)

    @property
    def stacks_dir(self) -> Path:
        return self.root / "stacks"

    @property
    def dynamic(self) -> Path:
        return self.root / "dynamic"

    @property
    def compose(self) -> Path:
        """The template's Compose file, for tests that spoil or mend it."""
        return self.root / "templates" / "stacks" / "hello" / "compose.yml.j2"

    async def want(self, user: str = "user1", tenant: str = "tenant1") -> Wanted:
        """A wanted stack, the user and tenant made when missing."""
        stack, _ = await want_stack(self.sql, user=user, tenant=tenant, domain=DOMAIN, actor="test")
        return stack

    async def aim(self, stack_id: str, goal: Goal) -> None:
        """Ask for a running, stopped or removed stack."""
        async with self.sql.begin() as conn:
            await wanted.set_goal(conn, stack_id, goal)

    async def row(self, stack_id: str) -> Wanted:
        """What SQL says of the stack now."""
        async with self.sql.connect() as conn:
            found = await wanted.find(conn, stack_id)
        assert found is not None
        return found

    async def until(self, stack_id: str, status: str) -> Wanted:
        """The stack once it has that status; raises TimeoutError, saying what it had."""
        try:
            return await self.when(stack_id, lambda row: row.status == status)
        except TimeoutError:
            row = await self.row(stack_id)
            raise TimeoutError(f"{row.name} is {row.status}, not {status}: {row.reason} {row.steps}") from None

    async def when(self, stack_id: str, fact: Callable[[Wanted], object]) -> Wanted:
        """The stack once the fact holds of it; raises TimeoutError."""

        async def found() -> Wanted | None:
            row = await self.row(stack_id)
            return row if fact(row) else None

        return await comes(found)

    async def route(self, host: str) -> Route | None:
        """What the gate would read of the host."""
        raw = await self.redis.get(bus.route_key(host))
        if raw is None:
            return None
        assert isinstance(raw, bytes)
        return Route.from_value(Sealer(self.route_key, "route").open(bus.route_key(host), raw))

    async def told(self, host: str, state: str) -> Route:
        """The route once the gate is told of that state."""

        async def found() -> Route | None:
            route = await self.route(host)
            return route if route and route.state == state else None

        return await comes(found)

    def directory(self, stack: Wanted) -> StackDirectory:
        return StackDirectory(self.stacks_dir, stack.id, stack.name)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        """A worker that runs in this process meanwhile; its stacks run on afterwards."""
        async with wired(self.settings) as worker:
            running = asyncio.create_task(worker.run())
            try:
                yield worker
                if running.done():
                    await running
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

    async def doomed(self, stack_id: str, step: str, phase: str) -> int:
        """Run a worker that kills itself at that point; its exit code."""
        command = [sys.executable, "-m", "tests.unit.stack_deployer.doomed", stack_id, step, phase]
        done = await asyncio.to_thread(
            subprocess.run, command, env=os.environ | self.environ, cwd=ROOT, capture_output=True, timeout=LIMIT
        )
        return done.returncode

    def processes(self, stack_id: str) -> list[int]:
        """The pids of the stack's living processes, whoever started them."""
        return [process.pid for process, env in _of(self.root) if env.get("INNKEEPER_STACK_ID") == stack_id]

    def clear(self) -> None:
        """Kill every process of every stack of this inn."""
        for process, _ in _of(self.root):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def _of(root: Path) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        try:
            env = process.environ()
            if env.get("HOME", "").startswith(f"{root}/") and process.status() != psutil.STATUS_ZOMBIE:
                yield process, env
        except psutil.Error:
            continue


async def eventually(fact: Callable[[], object]) -> None:
    """Return once the fact holds; raises TimeoutError when it never does."""

    async def found() -> object:
        return fact()

    await comes(found)


async def comes(fact: Callable[[], Awaitable[T | None]]) -> T:
    """What is found, once anything is; raises TimeoutError when nothing ever is."""
    async with asyncio.timeout(LIMIT):
        while True:
            found = await fact()
            if found:
                return found
            await asyncio.sleep(0.05)
