"""Every engine there is, each with stacks of its own that end with the test."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stack_deployer.engines.engine import Deployment, Engine
from stack_deployer.engines.local import LocalEngine


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine under test, the directory of its stacks, and how to make another engine over the same ones."""

    engine: Engine
    stacks_dir: Path
    again: Callable[[], Engine]

    def deployment(self, *services: str, stack_id: str = "", **environment: object) -> Deployment:
        """A stack of small programs in a directory of its own."""
        stack_id = stack_id or secrets.token_hex(16)
        for name in ("secrets", "data", "logs"):
            (self.stacks_dir / stack_id / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return Deployment(stack_id, "user1", {name: service(**environment) for name in services or ("dashboard",)})


def service(**environment: object) -> dict[str, Any]:
    """A service as a rendered Compose file has it."""
    return {"environment": environment, "x-innkeeper": {"kind": "program", "run": "tests.engines.program"}}


@pytest.fixture(params=["local"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """The engine of that name; all its stacks are stopped afterwards."""
    assert request.param == "local"
    made: list[Engine] = []

    def make() -> Engine:
        made.append(LocalEngine(tmp_path / "stacks"))
        return made[-1]

    bench = Bench(make(), tmp_path / "stacks", make)
    yield bench
    for engine in made:
        engine.close()
    last = make()
    for stack_id in await last.observe():
        await last.stop(stack_id)
    last.close()
