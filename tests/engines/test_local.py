"""Facts of the local engine alone: ports, and what it refuses."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from stack_deployer.engines import ports
from stack_deployer.engines.engine import Deployment
from stack_deployer.engines.local import RUN, LocalEngine
from stack_deployer.engines.processes import Processes
from stack_deployer.errors import EngineRefused, StepFailed
from tests.engines.conftest import Bench
from tests.engines.patience import eventually


def listen(port: int) -> socket.socket:
    """Somebody else's server on that port of loopback."""
    server = socket.create_server((ports.LOOPBACK, port))
    server.settimeout(20)
    return server


async def test_port_is_recorded_before_anybody_listens(bench: Bench) -> None:
    """After a start each service's port is on record, for its owner alone."""
    deployment = bench.deployment("dashboard", "public-api")
    await bench.engine.start(deployment)
    file = bench.stacks_dir / deployment.id / "ports.json"

    assert {"dashboard", "public-api"} == set(ports.read(file.parent))
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


async def test_taken_port_is_left(bench: Bench) -> None:
    """A service whose recorded port somebody else took is started on another one, recorded too."""
    deployment = bench.deployment()
    taken = ports.choose()
    ports.write(bench.stacks_dir / deployment.id, {"dashboard": taken})
    with listen(taken):
        await bench.engine.start(deployment)
        await bench.engine.healthy(deployment)

    backend = bench.engine.backends(deployment)["dashboard"]
    assert taken != backend.port
    assert {"dashboard": backend.port} == ports.read(bench.stacks_dir / deployment.id)


async def test_port_taken_at_the_last_moment_is_left(bench: Bench) -> None:
    """A port taken between the look and the bind costs a restart on another port, not the stack."""
    deployment = bench.deployment()
    await bench.engine.start(deployment)
    before = bench.engine.backends(deployment)["dashboard"].port
    (running,) = Processes(bench.stacks_dir / RUN).running().values()
    os.kill(running.pid, signal.SIGKILL)  # as if it had failed to bind
    await eventually(lambda: not Processes(bench.stacks_dir / RUN).running())
    with listen(before):
        await bench.engine.healthy(deployment)

    assert before != bench.engine.backends(deployment)["dashboard"].port


async def test_foreign_answer_is_not_health(bench: Bench) -> None:
    """An answer on the service's port counts only when the service itself listens there."""
    deployment, other = bench.deployment(MUTE=1), bench.deployment()
    await bench.engine.start(other)
    await bench.engine.healthy(other)
    await bench.engine.start(deployment)
    ports.write(bench.stacks_dir / deployment.id, ports.read(bench.stacks_dir / other.id))

    with pytest.raises(StepFailed, match="another process answers on its port"):
        await bench.engine.healthy(deployment, deadline=0.5)


async def test_ports_of_stopped_stacks_stay_theirs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped stack's port is given to no other stack: a route might still lead there."""
    stopped, other = bench.deployment(), bench.deployment()
    await bench.engine.start(stopped)
    port = bench.engine.backends(stopped)["dashboard"].port
    await bench.engine.stop(stopped.id)
    monkeypatch.setattr(ports, "_RANGE", range(port, port + 1))

    with pytest.raises(StepFailed, match="no free port"):
        await bench.engine.start(other)


async def test_module_in_the_data_directory_is_not_run(bench: Bench) -> None:
    """What a service left in its data directory does not pass for a module of the platform."""
    deployment = bench.deployment()
    (bench.stacks_dir / deployment.id / "data" / "http.py").write_text("raise SystemExit('taken over')")
    await bench.engine.start(deployment)
    await bench.engine.healthy(deployment)

    assert (await bench.engine.observe())[deployment.id].running


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_servers_are_refused(tmp_path: Path, kind: str) -> None:
    """PostgreSQL and Redis services are refused with the engine that has them."""
    deployment = Deployment("a", "user1", {"db": {"x-innkeeper": {"kind": kind}}})
    with pytest.raises(EngineRefused, match=f"service db: {kind} comes with the docker engine"):
        LocalEngine(tmp_path).check(deployment)
