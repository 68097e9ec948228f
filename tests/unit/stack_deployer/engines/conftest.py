"""A supervisor whose processes end with the test."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stack_deployer.engines.processes import Processes, Program

MakeProgram = Callable[..., Program]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Makes programs: the small service of the tests with the environment given."""

    def make(name: str = "one", **env: str) -> Program:
        argv = (sys.executable, "-m", "tests.engines.program")
        return Program(name, argv, env, tmp_path, tmp_path / "logs" / f"{name}.log")

    return make


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    """A supervisor; whatever is recorded is ended afterwards."""
    supervisor = Processes(tmp_path / "run")
    yield supervisor
    supervisor.lock()
    for name in supervisor.states():
        await supervisor.stop(name, grace=0)
    supervisor.unlock()
