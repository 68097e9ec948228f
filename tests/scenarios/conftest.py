"""The embedded platform, once for all scenarios: the real thing, started as an operator starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from innkeeper.checks.visitor import Visitor
from stack_deployer.contract.names import Site

INNKEEPER = str(Path(sys.executable).with_name("innkeeper"))
PASSWORD = "seven quiet rivers"


def eventually(check: Callable[[], Any], *, within: float = 15.0, every: float = 0.1) -> Any:
    """The first true value of `check`, tried again until the time is up; then the last one."""
    until = time.monotonic() + within
    while True:
        found = check()
        if found or time.monotonic() > until:
            return found
        time.sleep(every)


class Inn:
    """A running platform as the tests see it: its state directory, its hosts, its processes."""

    def __init__(self, state: Path, port: int) -> None:
        self.state = state
        self.port = port
        self.site = Site("inn.localhost", "http", port)
        self.started: dict[str, Any] = {}
        self._visitors: list[Visitor] = []

    def run(self, *words: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `innkeeper WORDS --state …`."""
        env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", "NO_COLOR": "1"}
        env["INNKEEPER_STATE"] = str(self.state)
        ran = subprocess.run([INNKEEPER, *words], capture_output=True, text=True, env=env, input=stdin, check=False)
        if check and ran.returncode:
            raise AssertionError(f"innkeeper {' '.join(words)} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran

    def up(self) -> dict[str, Any]:
        ran = self.run("up", "--detach", "--json", "--port", str(self.port))
        self.started = json.loads(ran.stdout)
        return self.started

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def pid(self, name: str) -> int:
        """The pid of a platform process now."""
        pid: int = next(process["pid"] for process in self.status()["processes"] if process["name"] == name)
        return pid

    def kill(self, name: str, sign: int = signal.SIGKILL) -> int:
        """Send a signal to one platform process, to its children not; the pid it had."""
        pid = self.pid(name)
        os.kill(pid, sign)
        return pid

    def visitor(self, source: str | None = None) -> Visitor:
        visitor = Visitor(self.site, source=source)
        self._visitors.append(visitor)
        return visitor

    def leave(self) -> None:
        """Close every visitor and end the platform."""
        for visitor in self._visitors:
            visitor.close()
        self.run("down", check=False)

    def guest(self, handle: str) -> Visitor:
        """A visitor who has just signed up and whose stack runs."""
        visitor = self.visitor()
        page = visitor.sign_up(handle, PASSWORD)
        assert page.status_code == 200, page.text[:2000]
        assert eventually(lambda: self.state_of(handle) == "running", within=30), self.run("stacks", "list").stdout
        return visitor

    def state_of(self, name: str) -> str:
        found = self.run("stacks", "show", name, "--json", check=False)
        return str(json.loads(found.stdout)["state"]) if found.returncode == 0 else "none"

    def host(self, name: str) -> str:
        return f"{name}.{self.site.domain}"

    def url(self, name: str, path: str = "/") -> str:
        return self.site.origin(self.host(name)) + path

    def inside(self, visitor: Visitor, name: str) -> httpx.Response:
        """Navigate to a stack's dashboard, through the whole hand-off."""
        return visitor.visit(self.url(name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def inn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inn]:
    """One platform for all scenarios that leave it as they found it."""
    running = Inn(tmp_path_factory.mktemp("inn") / "state", free_port())
    running.up()
    try:
        yield running
    finally:
        running.leave()


@pytest.fixture
def own_inn(tmp_path: Path) -> Iterator[Inn]:
    """A platform for one test that breaks it."""
    running = Inn(tmp_path / "state", free_port())
    running.up()
    try:
        yield running
    finally:
        running.leave()


@pytest.fixture(scope="session")
def anna(inn: Inn) -> Visitor:
    """A signed-in user inside her own stack `anna`."""
    visitor = inn.guest("anna")
    assert inn.inside(visitor, "anna").status_code == 200
    return visitor


@pytest.fixture(scope="session")
def bert(inn: Inn) -> Visitor:
    """Another signed-in user inside his own stack `bert`."""
    visitor = inn.guest("bert")
    assert inn.inside(visitor, "bert").status_code == 200
    return visitor
