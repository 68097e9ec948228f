"""Facts about the supervisor, each with real processes."""

import os
import signal
import stat
from dataclasses import replace

import psutil
import pytest

from stack_deployer.engines import record
from stack_deployer.engines.processes import Processes
from stack_deployer.errors import Held, NotStarted
from tests.engines.patience import eventually
from tests.unit.stack_deployer.engines.conftest import MakeProgram


async def test_starts_in_a_group_of_its_own(processes: Processes, program: MakeProgram) -> None:
    """A started program leads its own session, so Ctrl-C at the supervisor's terminal does not reach it."""
    running = await processes.start(program())

    assert running.pid == os.getsid(running.pid) == os.getpgid(running.pid)
    assert {"one": running} == processes.running()


async def test_environment_is_what_was_given(processes: Processes, program: MakeProgram) -> None:
    """A program has the variables it was given, PATH and LANG, and none of the supervisor's."""
    given = program(PLANTED="yes")
    running = await processes.start(given)
    await eventually(lambda: "waiting" in given.log.read_text())

    assert {"PLANTED", "PATH", "LANG"} == set(psutil.Process(running.pid).environ())


async def test_same_program_is_kept(processes: Processes, program: MakeProgram) -> None:
    """Starting what already runs just so changes nothing."""
    first = await processes.start(program())

    assert first == await processes.start(program())


async def test_differing_program_is_replaced(processes: Processes, program: MakeProgram) -> None:
    """A program with another environment takes the place of the one before, which is ended first."""
    first = await processes.start(program(COLOUR="red"))
    second = await processes.start(program(COLOUR="blue"))

    assert not psutil.pid_exists(first.pid)
    assert {"one": second} == processes.running()


async def test_reused_pid_is_not_ours(processes: Processes, program: MakeProgram) -> None:
    """A record whose pid now belongs to another process is neither adopted nor signalled."""
    bystander = await processes.start(program("bystander"))
    real = record.read(processes.run_dir, "bystander")
    assert real is not None
    replace(real, name="one", identity=f"{record.BOOT}:1").write(processes.run_dir)

    assert {"bystander": bystander} == processes.running()
    await processes.stop("one", grace=0)
    assert {"bystander": bystander} == processes.running()
    assert bystander.pid != (await processes.start(program())).pid


async def test_record_of_an_earlier_boot_is_not_ours(processes: Processes, program: MakeProgram) -> None:
    """A pid and a start time that fit, but from before a reboot, name nobody."""
    bystander = await processes.start(program("bystander"))
    real = record.read(processes.run_dir, "bystander")
    assert real is not None
    ticks = real.identity.partition(":")[2]
    replace(real, name="one", identity=f"earlier-boot:{ticks}").write(processes.run_dir)

    await processes.stop("one", grace=0)

    assert {"bystander": bystander} == processes.running()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "one"}', '{"name": "one", "pid": -1}'])
async def test_illegible_record_is_nobody(processes: Processes, program: MakeProgram, text: str) -> None:
    """A record that is not whole stands for no process and does not hinder a start."""
    processes.lock()
    (processes.run_dir / "one.pid").write_text(text)

    assert {} == processes.running()
    running = await processes.start(program())
    assert {"one": running} == processes.running()


async def test_stop_ends_the_whole_group(processes: Processes, program: MakeProgram) -> None:
    """Stopping ends what the program started too, even a child that ignores TERM, and forgets the record."""
    given = program(CHILD="1")
    running = await processes.start(given)
    await eventually(lambda: "child" in given.log.read_text())
    child = int(given.log.read_text().split()[-1])

    await processes.stop("one", grace=0.2)

    assert not psutil.pid_exists(running.pid)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert {} == processes.states()


async def test_stop_ends_the_frozen(processes: Processes, program: MakeProgram) -> None:
    """A process that is stopped by SIGSTOP is ended all the same."""
    running = await processes.start(program())
    os.kill(running.pid, signal.SIGSTOP)

    await processes.stop("one", grace=0.2)

    assert not psutil.pid_exists(running.pid)


async def test_stop_of_the_dead_ends_its_children(processes: Processes, program: MakeProgram) -> None:
    """A child left behind by a program that was killed is ended by stopping the program."""
    given = program(CHILD="1")
    running = await processes.start(given)
    await eventually(lambda: "child" in given.log.read_text())
    child = int(given.log.read_text().split()[-1])
    os.kill(running.pid, signal.SIGKILL)
    await eventually(lambda: not processes.running())

    await processes.stop("one", grace=0.1)

    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


async def test_stop_of_nothing_is_well(processes: Processes) -> None:
    """Stopping what was never started raises nothing."""
    await processes.stop("nobody")


async def test_missing_program_is_named(processes: Processes, program: MakeProgram) -> None:
    """A program that is not there is refused by name, and nothing is recorded or kept."""
    with pytest.raises(NotStarted, match="/nowhere/traefik is not there"):
        await processes.start(replace(program(), argv=("/nowhere/traefik",)))

    assert {} == processes.states()


async def test_unwritable_record_runs_nothing(processes: Processes, program: MakeProgram) -> None:
    """When the record cannot be written the program never runs."""
    given = program()
    processes.lock()
    (processes.run_dir / "one.new").mkdir()  # where the record is drafted

    with pytest.raises(NotStarted):
        await processes.start(given)

    assert "" == given.log.read_text()


async def test_second_supervisor_is_refused(processes: Processes, program: MakeProgram) -> None:
    """A second supervisor of one directory is told who is there, and may only look."""
    running = await processes.start(program())
    second = Processes(processes.run_dir)

    with pytest.raises(Held) as refused:
        await second.start(program())
    with pytest.raises(Held):
        await second.stop("one")
    with pytest.raises(Held):
        await second.watch()

    assert os.getpid() == refused.value.pid
    assert {"one": running} == second.running()


async def test_processes_do_not_hold_the_lock(processes: Processes, program: MakeProgram) -> None:
    """The next supervisor may take over while the processes of the one before go on."""
    running = await processes.start(program())
    processes.unlock()
    second = Processes(processes.run_dir)
    second.lock()

    assert running == await second.start(program())
    second.unlock()


async def test_modes(processes: Processes, program: MakeProgram) -> None:
    """Logs and records are for their owner alone, also where a log was there with a wider mode."""
    given = program()
    given.log.parent.mkdir()
    given.log.touch(mode=0o644)
    await processes.start(given)

    files = [given.log, processes.run_dir / "one.pid", processes.run_dir / "supervisor.lock"]
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert 0o700 == stat.S_IMODE(processes.run_dir.stat().st_mode)


async def test_secrets_stay_out_of_sight(processes: Processes, program: MakeProgram) -> None:
    """A secret of the environment is in no argument, record or repr."""
    planted = "planted-secret-83f1"
    given = program(PASSWORD=planted)
    running = await processes.start(given)

    seen = [repr(given), (processes.run_dir / "one.pid").read_text(), " ".join(psutil.Process(running.pid).cmdline())]
    assert not any(planted in text for text in seen)


def test_name_is_no_path(program: MakeProgram) -> None:
    """A name that would leave the run directory is refused."""
    for name in ("../one", "", ".hidden", "a/b", "a\n"):
        with pytest.raises(ValueError, match="cannot name a process"):
            program(name)
