"""What ends while watched is started again, ever more slowly when it keeps ending."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from stack_deployer.engines.processes import Processes
from tests.engines.patience import eventually
from tests.unit.stack_deployer.engines.conftest import MakeProgram


class Clock:
    """A clock that tests set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def wait_of_next_restart(processes: Processes, clock: Clock) -> float:
    """Seconds from noticing the end of `one` to the moment it is started again, and no sooner."""
    await eventually(lambda: not processes.running())
    noticed = clock.now
    while not processes.running():
        await processes._look("one")
        restart_at = processes._kept["one"].restart_at
        if restart_at is None:
            break
        assert not processes.running()
        clock.now = restart_at
    return round(clock.now - noticed, 3)


async def test_what_ends_is_restarted(processes: Processes, program: MakeProgram) -> None:
    """While watched, a killed process comes back with another pid."""
    first = await processes.start(program())
    watch = asyncio.create_task(processes.watch())
    os.kill(first.pid, signal.SIGKILL)
    await eventually(lambda: "one" in processes.running() and processes.running()["one"].pid != first.pid)

    assert 1 == processes.failures("one")
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


async def test_stopped_is_not_restarted(processes: Processes, program: MakeProgram) -> None:
    """What was stopped stays stopped while watched."""
    await processes.start(program())
    watch = asyncio.create_task(processes.watch())
    await processes.stop("one", grace=0)
    await asyncio.sleep(0.4)

    assert {} == processes.running()
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


async def test_crash_loop_backs_off(tmp_path: Path, program: MakeProgram) -> None:
    """Each end in a row doubles the wait before the next start, from 0.1 s up to 10 s."""
    clock = Clock()
    processes = Processes(tmp_path / "run", clock=clock)
    await processes.start(program(DIE="1"))
    waits = [await wait_of_next_restart(processes, clock) for _ in range(9)]
    await processes.stop("one")
    processes.unlock()

    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0] == waits


async def test_steady_running_forgives(tmp_path: Path, program: MakeProgram) -> None:
    """After 30 s of running, earlier ends no longer count."""
    clock = Clock()
    processes = Processes(tmp_path / "run", clock=clock)
    running = await processes.start(program())
    os.kill(running.pid, signal.SIGKILL)
    await wait_of_next_restart(processes, clock)
    assert 1 == processes.failures("one")
    clock.now += 30
    await processes._look("one")

    assert 0 == processes.failures("one")
    await processes.stop("one", grace=0)
    processes.unlock()


async def test_asking_again_does_not_reset_the_back_off(tmp_path: Path, program: MakeProgram) -> None:
    """A caller that starts a crashing program over and over does not make it look steadier."""
    processes = Processes(tmp_path / "run", clock=Clock())
    await processes.start(program(DIE="1"))
    await eventually(lambda: not processes.running())
    await processes._look("one")
    await processes.start(program(DIE="1"))

    assert 1 == processes.failures("one")
    await processes.stop("one", grace=0)
    processes.unlock()


async def test_watch_outlives_a_failed_restart(processes: Processes, program: MakeProgram) -> None:
    """A restart that is impossible for a while is tried again until it is possible."""
    given = program()
    running = await processes.start(given)
    watch = asyncio.create_task(processes.watch())
    obstacle = processes.run_dir / "one.new"
    obstacle.mkdir()  # where the record is drafted
    os.kill(running.pid, signal.SIGKILL)
    await eventually(lambda: processes.failures("one") > 1)
    assert {} == processes.running()
    obstacle.rmdir()
    await eventually(processes.running)

    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
