"""Traefik's configuration, held against the gate's list, the checked-in files and a real Traefik."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from auth_manager.gate.answers import AUTH_RESPONSE_HEADERS
from innkeeper.platform import programs, traefik
from innkeeper.platform.errors import Refused
from stack_deployer.contract.names import Site
from tests.conftest import free_port

SITE = Site("inn.localhost", "http", 8080)
ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", ["traefik.yml", "dynamic/gate.yml"])
def test_the_checked_in_files_are_what_is_written(name: str) -> None:
    """The files in traefik/ say what `innkeeper up` writes."""
    assert traefik.example()[name].decode() == (ROOT / "traefik" / name).read_text()


def test_every_header_of_the_gate_is_replaced_or_removed() -> None:
    """The list of the middleware is the gate's own, so that no identity header is forgotten."""
    middleware = traefik.dynamic(SITE, gate_port=1, portal_port=2)["http"]["middlewares"][traefik.MIDDLEWARE]

    assert list(AUTH_RESPONSE_HEADERS) == middleware["forwardAuth"]["authResponseHeaders"]
    assert "tls" not in middleware["forwardAuth"]


@pytest.mark.parametrize("path", ["/tmp/a\nb", "/tmp/{{ env }}", "/tmp/\x7f"])
def test_a_directory_name_that_traefik_would_misread_is_refused(path: str) -> None:
    """A name that the files' readers take for something else stops the start."""
    with pytest.raises(Refused, match="cannot take"):
        traefik.static(port=1, api_port=2, dynamic=Path(path))


class Front:
    """A running Traefik: its API and its log."""

    def __init__(self, port: int, api: int, log: Path) -> None:
        self.port = port
        self.api = api
        self.log = log

    def ask(self, path: str) -> Any:
        answer = httpx.get(f"http://127.0.0.1:{self.api}{path}", trust_env=False)
        return answer.json() if answer.status_code == 200 else []  # 404 until its own routes are there

    def status(self, path: str) -> int:
        url = httpx.URL(f"http://127.0.0.1:{self.port}", raw_path=path.encode())
        return httpx.get(url, headers={"Host": "x.inn.localhost"}, trust_env=False).status_code


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A real Traefik with our files, and nobody behind it."""
    directory = tmp_path_factory.mktemp("a directory with spaces")
    (directory / "dynamic").mkdir()
    running = Front(free_port(), free_port(), directory / "log")
    static = traefik.static(port=running.port, api_port=running.api, dynamic=directory / "dynamic")
    (directory / "traefik.yml").write_bytes(traefik.dump(static))
    gate = traefik.dynamic(SITE, gate_port=free_port(), portal_port=free_port())
    (directory / "dynamic" / "gate.yml").write_bytes(traefik.dump(gate))
    argv = [programs.binary("traefik"), f"--configFile={directory / 'traefik.yml'}"]
    with running.log.open("w") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            _wait(running, process)
            yield running
        finally:
            process.terminate()


def _wait(running: Front, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < until:
        try:
            if any(router["name"] == "portal@file" for router in running.ask("/api/http/routers")):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(running.log.read_text())


def test_a_real_traefik_takes_every_option(front: Front) -> None:
    """Traefik starts without a warning: no option is misspelt, none that matters is missing."""
    complaints = [line for line in front.log.read_text().splitlines() if " WRN " in line or " ERR " in line]

    assert [] == complaints
    (web,) = [point for point in front.ask("/api/entrypoints") if point["name"] == "web"]
    assert web["asDefault"] is True
    assert [f"{traefik.MIDDLEWARE}@file"] == web["http"]["middlewares"]
    assert "delete" == web["http"]["aliasHeadersStrategy"]


def test_every_router_stands_behind_the_gate(front: Front) -> None:
    """Each router of the entry point for people has the gate as its middleware, without asking for it."""
    routers = [router for router in front.ask("/api/http/routers") if router["provider"] == "file"]

    assert {"portal@file", "nobody@file"} == {router["name"] for router in routers}
    for router in routers:
        assert ["web"] == router["entryPoints"]
        assert [f"{traefik.MIDDLEWARE}@file"] == router["middlewares"]
        assert "enabled" == router["status"]


def test_without_a_gate_nobody_gets_in(front: Front) -> None:
    """A gate that does not answer is an error for every host, never a way in."""
    assert 500 == front.status("/")


@pytest.mark.parametrize("path", ["/%2f", "/%5c", "/%00", "/%3b", "/%25", "/%3f", "/%23"])
def test_encoded_characters_with_two_meanings_are_refused(front: Front, path: str) -> None:
    """A path that gate and app could read differently does not pass."""
    assert 400 == front.status(path)


def test_files_are_yaml_with_their_note(tmp_path: Path) -> None:
    """What is dumped reads back as the same document, its note a comment."""
    document = traefik.static(port=1, api_port=2, dynamic=tmp_path)

    text = traefik.dump(document, note="who wrote it").decode()

    assert text.startswith("# who wrote it\n")
    assert document == yaml.safe_load(text)
