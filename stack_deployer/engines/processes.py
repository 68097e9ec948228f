"""The only supervisor: starts programs, adopts those of a supervisor that was killed, restarts what ends.

On disk, in `run_dir`: `<name>.pid`, the record of each process, and `supervisor.lock`, held by the one
supervisor there may be. Processes outlive their supervisor; the next one adopts what it is asked to start
and finds running as asked. Whoever should not go on must be stopped.
"""

import asyncio
import fcntl
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import structlog

from stack_deployer.engines import group, log, record
from stack_deployer.engines.program import Program, launch
from stack_deployer.engines.record import Record
from stack_deployer.errors import Held, NotStarted, NotStopped

__all__ = ["Processes", "Program", "Running"]

POLL = 0.1  # seconds between looks at the processes
FIRST_DELAY, MAX_DELAY = 0.1, 10.0  # seconds before a restart, doubling
STEADY = 30.0  # seconds alive after which earlier failures are forgotten
AFTER_KILL = 5.0  # seconds that SIGKILL may take
_LOG_LOOK = 10  # polls between looks at the logs' sizes

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A live process; `started` in Unix seconds."""

    name: str
    pid: int
    started: float


@dataclass(slots=True)
class _Kept:
    """A program that is to go on running: what we know of it since we keep it."""

    program: Program
    record: Record
    since: float  # of the supervisor's clock: last start or adoption
    failures: int = 0
    restart_at: float | None = None


class Processes:
    """The processes recorded in `run_dir`, which is made 0700."""

    def __init__(self, run_dir: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.run_dir = run_dir
        self._clock = clock
        self._held: int | None = None
        self._kept: dict[str, _Kept] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def lock(self) -> None:
        """Become the supervisor of this directory until `unlock` or the end of this process; raises Held.

        Starting, stopping and watching do so by themselves.
        """
        if self._held is not None:
            return
        self.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self.run_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(held, 20).decode(errors="replace").strip()
            os.close(held)
            raise Held(int(owner) if owner.isdecimal() else 0) from None
        os.ftruncate(held, 0)
        os.write(held, f"{os.getpid()}\n".encode())
        self._held = held

    def unlock(self) -> None:
        """Let another supervisor take over; the processes go on, unwatched."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def running(self) -> dict[str, Running]:
        """Every live process of a record by name, whoever started it."""
        alive = (found for found in record.read_all(self.run_dir).values() if found.alive)
        return {found.name: Running(found.name, found.pid, found.started) for found in alive}

    def states(self) -> dict[str, bool]:
        """Every name we have anything of, recorded or kept, and whether its process is alive."""
        found = dict.fromkeys(self._kept, False)
        return found | {name: entry.alive for name, entry in record.read_all(self.run_dir).items()}

    def members(self, name: str) -> list[int]:
        """The pids of the process and of what it started, the living ones."""
        found = record.read(self.run_dir, name)
        return group.members(found) if found is not None else []

    def keeps(self, name: str) -> bool:
        """Whether `watch` restarts it when it ends."""
        return name in self._kept

    def failures(self, name: str) -> int:
        """How often it ended by itself since it last ran steadily for 30 s."""
        kept = self._kept.get(name)
        return kept.failures if kept else 0

    async def start(self, program: Program) -> Running:
        """Have it running: adopted when it runs just so, else started, a differing one stopped first.

        Raises Held, NotStarted (nothing is left running or kept), NotStopped.
        """
        self.lock()
        async with self._locks[program.name]:
            before = self._kept.pop(program.name, None)
            found = record.read(self.run_dir, program.name)
            if found is None or not found.alive or found.program != program.digest:
                await self._end(program.name, grace=5.0)
                found = launch(program, self.run_dir)
            kept = _Kept(program, found, self._clock())
            if before is not None and before.program.digest == program.digest:
                kept.failures = before.failures  # asking again does not make it steadier
            self._kept[program.name] = kept
            return Running(found.name, found.pid, found.started)

    async def stop(self, name: str, grace: float = 5.0) -> None:
        """End it and whatever it started: TERM, KILL after `grace` seconds; one that is not there is well.

        Raises Held, and NotStopped with the record kept, so that stopping can be tried again.
        """
        self.lock()
        self._kept.pop(name, None)  # first, so that nobody restarts it
        async with self._locks[name]:
            self._kept.pop(name, None)
            await self._end(name, grace)

    async def watch(self) -> NoReturn:
        """Restart what ends, waiting 0.1 s, doubled up to 10 s, until cancelled; raises Held."""
        self.lock()
        looks = 0
        while True:
            for name in list(self._kept):
                await self._look(name)
            looks += 1
            if looks % _LOG_LOOK == 0:
                for kept in list(self._kept.values()):
                    self._rotate(kept.program)
            await asyncio.sleep(POLL)

    async def _look(self, name: str) -> None:
        lock = self._locks[name]
        if lock.locked():
            return  # being started or stopped
        async with lock:
            kept = self._kept.get(name)
            if kept is None:
                return
            now = self._clock()
            if kept.record.alive:
                if now - kept.since >= STEADY:
                    kept.failures = 0
            elif kept.restart_at is None:
                self._count_failure(kept, now)
            elif now >= kept.restart_at:
                await self._restart(kept)

    def _count_failure(self, kept: _Kept, now: float) -> None:
        if now - kept.since >= STEADY:
            kept.failures = 0
        kept.failures += 1
        delay = min(FIRST_DELAY * 2.0 ** min(kept.failures - 1, 16), MAX_DELAY)
        kept.restart_at = now + delay
        _logger.warning("process ended", name=kept.program.name, failures=kept.failures, restart_in=delay)

    async def _restart(self, kept: _Kept) -> None:
        try:
            await self._end(kept.program.name, grace=0.0)
            kept.record = launch(kept.program, self.run_dir)
        except (NotStarted, NotStopped) as error:
            # No room on the disk, say: it may pass, so the watch goes on.
            _logger.error("process does not restart", name=kept.program.name, reason=str(error))
            kept.since = self._clock()
            self._count_failure(kept, kept.since)
            return
        kept.since, kept.restart_at = self._clock(), None

    async def _end(self, name: str, grace: float) -> None:
        found = record.read(self.run_dir, name)
        if found is not None:
            await self._end_group(found, grace)
        record.path(self.run_dir, name).unlink(missing_ok=True)

    async def _end_group(self, found: Record, grace: float) -> None:
        # The dead leader is reaped last: until then nobody else can be given its number.
        if grace > 0 and group.send(found, signal.SIGTERM) and await self._gone(found, grace):
            return
        group.send(found, signal.SIGKILL)
        if not await self._gone(found, AFTER_KILL):
            raise NotStopped(found.name, found.pid)

    async def _gone(self, found: Record, within: float) -> bool:
        give_up = time.monotonic() + within
        while group.members(found):
            if time.monotonic() >= give_up:
                return False
            await asyncio.sleep(0.02)
        group.reap(found)
        return True

    @staticmethod
    def _rotate(program: Program) -> None:
        try:
            log.rotate(program.log)
        except OSError as error:
            _logger.warning("log not rotated", name=program.name, reason=str(error))
