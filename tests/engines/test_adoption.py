"""Facts about processes whose supervisor was killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from stack_deployer.engines import record
from stack_deployer.engines.processes import Processes
from tests.engines.patience import eventually
from tests.engines.supervisor import program

STEP = 5  # lines between two deaths


def owned_by(root: Path) -> dict[str, set[int]]:
    """Directory -> pids of the living processes that were started for it."""
    found: dict[str, set[int]] = {}
    for process in psutil.process_iter():
        try:
            directory = process.environ().get("DIRECTORY", "")
        except psutil.Error:
            continue
        if Path(directory).parent == root and process.status() != psutil.STATUS_ZOMBIE:
            found.setdefault(directory, set()).add(process.pid)
    return found


def recorded(directory: Path) -> set[int]:
    """Pids of the live processes on record there."""
    return {found.pid for found in record.read_all(directory / "run").values() if found.alive}


def unrecorded(root: Path) -> set[int]:
    """Pids of living processes that no record names."""
    return {pid for directory, pids in owned_by(root).items() for pid in pids - recorded(Path(directory))}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A directory; what is still running for it afterwards is killed."""
    yield tmp_path
    for pid in set().union(*owned_by(tmp_path).values()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def test_kill_at_any_line_leaves_all_adoptable(root: Path) -> None:
    """Wherever the supervisor is killed, what runs is on record, and the next one ends with exactly one process."""
    command = [sys.executable, "-m", "tests.engines.supervisor", str(root), str(STEP)]
    result = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    directories = [root / str(number) for number in range(1, int(result.stdout))]
    await eventually(lambda: not unrecorded(root))  # shells that never got leave to run end by themselves
    surviving = {directory: recorded(directory) for directory in directories}

    adopted = {}
    for directory in directories:
        processes = Processes(directory / "run")
        adopted[directory] = (await processes.start(program(directory, "blue"))).pid
        processes.unlock()
    owned = owned_by(root)
    for directory in directories:
        await Processes(directory / "run").stop("one", grace=2)

    assert {str(directory): {adopted[directory]} for directory in directories} == owned
    assert any(surviving[directory] == {adopted[directory]} for directory in directories), "none was adopted"
    assert {} == owned_by(root)
