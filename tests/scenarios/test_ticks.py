"""scripts/test-integration.sh: all ticks on a sound platform; each kind of damage fails the tick that names it."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.scenarios.conftest import Inn, eventually


def test_a_sound_platform_gets_all_ticks(inn: Inn) -> None:
    """Every tick is set, the exit code is 0, and nothing the check made is left."""
    stacks = inn.run("stacks", "list", "--json").stdout

    ran = check(inn)

    assert 0 == ran[0], ran[1]
    assert "✗" not in ran[1]
    for words in ("Redis", "Traefik", "login", "ForwardAuth", "spoofed", "cookie"):
        assert words.lower() in ran[1].lower()
    assert stacks == inn.run("stacks", "list", "--json").stdout


def check(inn: Inn) -> tuple[int, str]:
    script = Path(__file__).parents[2] / "scripts" / "test-integration.sh"
    env = {"PATH": os.environ["PATH"], "INNKEEPER_STATE": str(inn.state), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    ran = subprocess.run([str(script)], capture_output=True, text=True, env=env, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def failed(output: str) -> str:
    """The lines of the ticks that failed."""
    return "\n".join(line for line in output.splitlines() if "✗" in line)


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = yaml.safe_load(path.read_text())
    change(document)
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(document))
    fresh.replace(path)


def forward_auth(document: dict[str, Any]) -> dict[str, Any]:
    """The forwardAuth part of the dynamic configuration."""
    middlewares = document["http"]["middlewares"].values()
    found: dict[str, Any] = next(one["forwardAuth"] for one in middlewares if "forwardAuth" in one)
    return found


@pytest.mark.parametrize(("header", "words"), [("Cookie", "cookie"), ("X-Auth-Role", "header")])
def test_a_header_missing_from_the_list_fails_its_tick(inn: Inn, header: str, words: str) -> None:
    """Without Cookie, or X-Auth-Role, in authResponseHeaders the tick that looks at it fails."""
    file = inn.state / "traefik" / "dynamic" / "gate.yml"
    sound = file.read_text()
    try:
        edit(file, lambda document: forward_auth(document)["authResponseHeaders"].remove(header))
        code, output = eventually(lambda: found if (found := check(inn))[0] else None, within=20) or (0, "")
    finally:
        file.write_text(sound)

    assert 1 == code, output
    assert words in failed(output).lower()
    assert eventually(lambda: check(inn)[0] == 0, within=20)


def restart_traefik(inn: Inn) -> None:
    before = inn.kill("traefik")
    assert eventually(
        lambda: any(p["name"] == "traefik" and p["pid"] not in (None, before) for p in inn.status()["processes"])
    )
    assert eventually(lambda: reachable(inn))


def reachable(inn: Inn) -> bool:
    try:
        return inn.visitor().visit(f"{inn.site.portal}/sign-in").status_code < 500
    except httpx.TransportError:
        return False


def off_the_entry_point(document: dict[str, Any]) -> None:
    del document["entryPoints"]["web"]["http"]["middlewares"]


def aliases_kept(document: dict[str, Any]) -> None:
    del document["entryPoints"]["web"]["http"]["aliasHeadersStrategy"]


@pytest.mark.parametrize(
    ("change", "words"),
    [(off_the_entry_point, "entry point"), (aliases_kept, "spoofed")],
    ids=["middleware", "aliases"],
)
def test_a_wrong_entry_point_fails_its_tick(own_inn: Inn, change: Callable[[dict[str, Any]], None], words: str) -> None:
    """With the middleware off the entry point, or header aliases kept, the named tick fails."""
    edit(own_inn.state / "traefik" / "traefik.yml", change)
    restart_traefik(own_inn)

    code, output = check(own_inn)

    assert 1 == code, output
    assert words in failed(output).lower()


def test_a_gate_that_always_says_yes_fails_the_ticks(own_inn: Inn) -> None:
    """With an auth server that answers 200 to everything, signed-out and another user's requests are seen to pass."""

    class Yes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Yes)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yes = f"http://127.0.0.1:{server.server_port}/"
        edit(
            own_inn.state / "traefik" / "dynamic" / "gate.yml",
            lambda document: forward_auth(document).update(address=yes),
        )
        code, output = eventually(lambda: found if (found := check(own_inn))[0] else None, within=20) or (0, "")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert 1 == code, output
    assert "signed-out" in failed(output).lower() or "signed out" in failed(output).lower()
    assert "another" in failed(output).lower()


def test_a_stopped_redis_fails_its_tick(own_inn: Inn) -> None:
    """With Redis frozen the check ends by itself, names Redis, and fails."""
    pid = own_inn.pid("redis")
    os.kill(pid, signal.SIGSTOP)
    try:
        code, output = check(own_inn)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert 1 == code, output
    assert "redis" in failed(output).lower()
