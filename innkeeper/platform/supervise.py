"""The supervisor: brings the platform up, keeps its processes running, ends every one of them when told to."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from innkeeper.platform import state, steps
from innkeeper.platform.errors import InnError, from_os
from innkeeper.platform.opening import Opening, open_platform, take_lock
from innkeeper.platform.programs import port_of
from innkeeper.platform.settings import UpSettings
from innkeeper.platform.shut_down import shut_down
from innkeeper.platform.state import Platform, Process
from innkeeper.platform.up import Up
from stack_deployer.engines.processes import Processes
from stack_deployer.errors import DeployerError, Held

_LOOK = 1.0  # seconds between two looks at the pids for platform.json
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger(__name__)

Ready = Callable[[Platform], Awaitable[None]]


class AlreadyRuns(InnError):
    """Another supervisor has this state directory: `root`, and its `pid`, 0 when it has not said so yet."""

    def __init__(self, root: Path, pid: int) -> None:
        super().__init__(f"a platform already runs in {root} (supervisor pid {pid})")
        self.root = root
        self.pid = pid


async def supervise(opening: Opening, settings: UpSettings, tell: steps.Tell, ready: Ready) -> None:
    """Run the platform until SIGINT, SIGTERM or SIGHUP, then end every process; `ready` is told once, when all answer.

    Raises AlreadyRuns, and InnError when it does not come up; whatever had been started is ended then, too.
    """
    # On standard error: in the background standard output is what the one who started us listens to.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    layout = state.claim(opening.root)
    processes = Processes(layout.run)
    try:
        await take_lock(processes)
    except Held as held:
        raise AlreadyRuns(layout.root, held.pid) from None
    try:
        platform = open_platform(layout, opening, processes)
        await _run(platform, settings, processes, tell, ready, stop)
    except OSError as error:
        raise from_os(error, layout.root) from error
    except SQLAlchemyError as error:
        raise InnError(f"{layout.sql}: {getattr(error, 'orig', None) or error}") from error
    except DeployerError as error:
        cause = error.__cause__
        why = f"; {from_os(cause, layout.root)}" if isinstance(cause, OSError) else ""
        raise InnError(f"{error}{why}") from error
    finally:
        processes.unlock()


async def _run(
    platform: Platform,
    settings: UpSettings,
    processes: Processes,
    tell: steps.Tell,
    ready: Ready,
    stop: asyncio.Event,
) -> None:
    watching = asyncio.create_task(processes.watch())
    starting = asyncio.create_task(Up(platform, settings, processes, tell).run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({watching, starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            platform.write(ready=True, processes=_seen(platform, processes))
            await ready(platform)
            noting = asyncio.create_task(_note(platform, processes))
            await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _cancel(noting)
        if watching.done():
            await watching
    finally:
        await _cancel(starting, watching, stopping)
        await shut_down(platform, processes)


async def _note(platform: Platform, processes: Processes) -> None:
    """Keep the pids in platform.json as they are."""
    while True:
        await asyncio.sleep(_LOOK)
        seen = _seen(platform, processes)
        if seen != platform.record.processes:
            try:
                platform.write(processes=seen)
            except OSError as error:
                _log.warning("platform.json not written", reason=str(error))


def _seen(platform: Platform, processes: Processes) -> list[Process]:
    return [Process(name=r.name, pid=r.pid, port=port_of(platform, r.name)) for r in processes.running().values()]


async def _cancel(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
