"""The platform's life as an operator leads it: up, up again, down, and everything that may go wrong between."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from innkeeper.platform.state import Platform
from tests.conftest import free_port
from tests.scenarios.conftest import INNKEEPER, Inn, eventually

pytestmark = pytest.mark.platform


@pytest.fixture
def inn(tmp_path: Path) -> Iterator[Inn]:
    """A platform that is not up yet; whatever is left of it is ended."""
    inn = Inn(tmp_path / "state", free_port())
    yield inn
    inn.run("down", check=False)


def left(inn: Inn) -> dict[int, str]:
    """Every living process that was told of the state directory, by pid."""
    found = {}
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values(), process.cwd()]
            if any(str(inn.state) in text for text in told) and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())
        except psutil.Error:
            continue
    return found


def pids(inn: Inn) -> dict[str, int]:
    return {process["name"]: process["pid"] for process in inn.status()["processes"]}


def supervisor(inn: Inn) -> int:
    found = Platform.load(inn.state).record.supervisor
    assert found is not None
    return found.pid


def answers(inn: Inn) -> bool:
    with inn.visitor() as visitor:
        return visitor.visit(inn.url("demo")).url.path == "/sign-in"


def test_up_prints_what_is_right_at_the_first_try(inn: Inn) -> None:
    """Every process runs, the demo stack answers behind its door, and each sign-in link signs in once."""
    told = inn.up()

    assert inn.site.portal == told["portal"]
    assert {"redis", "traefik", "gate", "portal", "worker"} == {process["name"] for process in told["processes"]}
    assert {"running"} == {process["state"] for process in told["processes"]}
    assert [("demo", "running")] == [(stack["name"], stack["state"]) for stack in told["stacks"]]
    landed = []
    for _ in range(2):
        with inn.visitor() as visitor:
            visitor.submit(visitor.visit(told["sign_in_links"]["demo"]), {})
            landed.append(visitor.visit(told["stacks"][0]["urls"][0]).url.host)
    assert ["demo.inn.localhost", "auth.inn.localhost"] == landed


def test_a_second_up_says_what_runs_and_changes_nothing(inn: Inn) -> None:
    """Two at once and one more: the same processes, exit code 0, new sign-in links."""
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: inn.run("up", "--detach", "--json", "--port", str(inn.port)), range(2)))
    first = [json.loads(ran.stdout) for ran in both]

    third = inn.up()

    assert first[0]["processes"] == first[1]["processes"] == third["processes"]
    assert 3 == len({first[0]["sign_in_link"], first[1]["sign_in_link"], third["sign_in_link"]})
    assert 1 == sum("already running" in ran.stderr for ran in both)


def test_down_leaves_nothing_and_up_finds_everything(inn: Inn) -> None:
    """Down ends every process, stacks too; the next start has the same stack, users and keys."""
    before = inn.up()
    keys = {path.name: path.read_bytes() for path in (inn.state / "keys").iterdir()}

    assert f"stopped {inn.state}\n" == inn.run("down").stderr

    assert {} == left(inn)
    assert f"nothing was running in {inn.state}\n" == inn.run("down").stderr
    assert 5 == inn.run("status", check=False).returncode
    after = inn.up()
    assert before["stacks"][0]["id"] == after["stacks"][0]["id"]
    assert keys == {path.name: path.read_bytes() for path in (inn.state / "keys").iterdir()}
    assert ["admin", "demo"] == [user["handle"] for user in json.loads(inn.run("users", "list", "--json").stdout)]
    assert answers(inn)


def test_a_killed_supervisor_leaves_a_house_that_serves(inn: Inn) -> None:
    """kill -9 of the supervisor: everything goes on, and the next up adopts the very same processes."""
    inn.up()
    before = pids(inn)
    os.kill(supervisor(inn), signal.SIGKILL)
    assert eventually(lambda: inn.status()["supervisor"] is None)

    assert answers(inn)
    assert 5 == inn.run("stacks", "list", check=False).returncode
    inn.up()
    assert before == pids(inn)
    os.kill(before["portal"], signal.SIGKILL)
    assert eventually(lambda: pids(inn)["portal"] not in (None, before["portal"]))


def test_down_without_a_supervisor_ends_everything(inn: Inn) -> None:
    """Where the supervisor was killed, down ends what it left."""
    inn.up()
    os.kill(supervisor(inn), signal.SIGKILL)

    inn.run("down")

    assert {} == left(inn)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_ends_every_child(inn: Inn, sign: int) -> None:
    """In front, an interrupt or a closed terminal ends the platform and every stack, exit code 0."""
    argv = [INNKEEPER, "up", "--json", "--state", str(inn.state), "--port", str(inn.port)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as front:
        assert front.stdout is not None
        while front.stdout.readline().rstrip() != "}":
            assert front.poll() is None
        assert answers(inn)
        front.send_signal(sign)

        assert 0 == front.wait(30)
    assert {} == left(inn)


@pytest.mark.parametrize(
    ("at", "kill"),
    [
        ("platform.json", "supervisor"),
        ("run/gate.pid", "supervisor"),
        ("stacks/.run", "command"),
    ],
)
def test_a_start_killed_anywhere_is_finished_by_the_next(inn: Inn, at: str, kill: str) -> None:
    """kill -9 of the supervisor, or of the command that waits for it, at any point: the next up is complete."""
    argv = [INNKEEPER, "up", "--detach", "--state", str(inn.state), "--port", str(inn.port)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        eventually((inn.state / at).exists, every=0.002)
        child = psutil.Process(command.pid).children()[0]
        (child if kill == "supervisor" else command).kill()

    told = inn.up()

    assert {"running"} == {process["state"] for process in told["processes"]}
    assert ["running"] == [stack["state"] for stack in told["stacks"]]
    assert answers(inn)
    inn.run("down")
    assert {} == left(inn)


def test_ctrl_c_before_all_is_ready_ends_what_was_started(inn: Inn) -> None:
    """An interrupt while up --detach still waits leaves nothing running."""
    argv = [INNKEEPER, "up", "--detach", "--state", str(inn.state), "--port", str(inn.port)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as command:
        eventually((inn.state / "run" / "gate.pid").exists, every=0.005)
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=30)

    assert 1 == command.returncode
    assert "nothing is left running" in said
    assert {} == left(inn)


def test_a_port_in_use_is_said_and_nothing_is_left(inn: Inn) -> None:
    """Traefik's port taken by another program: one clear line, exit code 1, no process and no directory left."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", inn.port))
        holder.listen()

        ran = inn.run("up", "--detach", "--port", str(inn.port), check=False)

    assert 1 == ran.returncode
    assert f"error: port {inn.port} on 127.0.0.1: is in use" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not inn.state.exists()
    assert {} == left(inn)


def test_another_port_moves_the_stacks_along(inn: Inn) -> None:
    """Started again on another port, the demo stack is told its new addresses and lets its user in."""
    inn.up()
    inn.run("down")
    moved = Inn(inn.state, free_port())

    told = moved.up()

    assert moved.site.origin("demo.inn.localhost") + "/" == told["stacks"][0]["urls"][0]
    with moved.visitor() as visitor:
        visitor.submit(visitor.visit(told["sign_in_links"]["demo"]), {})
        assert 200 == visitor.visit(moved.url("demo")).status_code


def test_another_domain_is_a_clash(inn: Inn) -> None:
    """A state directory keeps its domain, running or not: its stacks' hosts are in it."""
    inn.up()
    while_up = inn.run("up", "--detach", "--domain", "other.localhost", check=False)
    inn.run("down")

    after = inn.run("up", "--detach", "--domain", "other.localhost", check=False)

    assert (4, 4) == (while_up.returncode, after.returncode)
    assert f"runs at {inn.site.portal}" in while_up.stderr
    assert "the domain 'inn.localhost', and" in after.stderr


def test_a_running_platform_keeps_its_port(inn: Inn) -> None:
    """Asked for another port, a platform that runs says which it has and how to change it."""
    inn.up()
    other = free_port()

    ran = inn.run("up", "--detach", "--json", "--port", str(other))

    assert inn.site.portal == json.loads(ran.stdout)["portal"]
    assert f"it listens on port {inn.port}; for {other}: `" in ran.stderr
    assert f"down --state {inn.state}`" in ran.stderr


def test_a_process_that_cannot_run_is_told_with_its_last_words(inn: Inn) -> None:
    """A start that fails says which process, shows the end of its log, and ends all others."""
    inn.up()
    inn.run("down")
    (inn.state / "redis" / "appendonly.aof").write_text("no append-only file")

    ran = inn.run("up", "--detach", check=False)

    assert 1 == ran.returncode
    assert "error: redis ends right after its start" in ran.stderr
    assert "Bad file format" in ran.stderr
    assert {} == left(inn)


def test_a_removed_demo_stays_away(inn: Inn) -> None:
    """The first users are made once: what the operator removed does not come back."""
    inn.up()
    inn.run("stacks", "remove", "demo", "--yes")
    inn.run("users", "disable", "demo")
    inn.run("down")

    told = inn.up()

    assert [] == told["stacks"]
    assert ["admin"] == list(told["sign_in_links"])


def test_a_frozen_supervisor_is_ended_all_the_same(inn: Inn) -> None:
    """Down ends a supervisor that hears no TERM, and then what it left."""
    inn.up()
    os.kill(supervisor(inn), signal.SIGSTOP)

    inn.run("down")

    assert {} == left(inn)
