"""The portal as a process."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from auth_manager.portal.app import KEYS
from tests.conftest import RedisServer, free_port
from tests.unit.auth_manager.portal.conftest import PASSWORD, TEMPLATES


@pytest.fixture
def environ(tmp_path: Path, database_file: Path, redis_server: RedisServer) -> dict[str, str]:
    """An environment for a portal on a free port."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in KEYS:
        (keys / f"{name}.key").write_bytes(secrets.token_bytes(32))
    return {
        "PATH": os.environ["PATH"], "INNKEEPER_DOMAIN": "inn.localhost", "INNKEEPER_PUBLIC_SCHEME": "http",
        "INNKEEPER_PUBLIC_PORT": "8080", "INNKEEPER_PORTAL_PORT": str(free_port()),
        "INNKEEPER_TRUSTED_PEERS": "127.0.0.1",
        "INNKEEPER_KEYS_DIR": str(keys), "INNKEEPER_REDIS_PORT": str(redis_server.port),
        "INNKEEPER_REDIS_PASSWORD": redis_server.password, "INNKEEPER_DATABASE_URL": f"sqlite:///{database_file}",
        "INNKEEPER_TEMPLATES_DIR": str(TEMPLATES.parent),
    }  # fmt: skip


@contextlib.contextmanager
def portal(environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running portal; it logs into `log`."""
    argv = [sys.executable, "-m", "auth_manager", "portal"]
    with log.open("wb") as out, subprocess.Popen(argv, env=environ, stderr=out, stdout=out) as process:
        try:
            while "listening on" not in log.read_text() and process.poll() is None:
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def ask(environ: dict[str, str], path: str) -> httpx.Response:
    url = f"http://127.0.0.1:{environ['INNKEEPER_PORTAL_PORT']}{path}"
    return httpx.get(url, headers={"Host": "auth.inn.localhost:8080"}, trust_env=False)


def test_it_says_where_it_listens_and_ends_when_told(environ: dict[str, str], tmp_path: Path) -> None:
    """The log's first line names the address; TERM ends the process in good order."""
    log = tmp_path / "log"
    with portal(environ, log) as process:
        alive, page = ask(environ, "/health"), ask(environ, "/sign-in/link?ticket=planted-ticket")
        process.terminate()
        process.wait(10)

    assert (200, 400) == (alive.status_code, page.status_code)
    assert "server" not in page.headers
    first = json.loads(log.read_text().splitlines()[0])
    assert f"listening on 127.0.0.1:{environ['INNKEEPER_PORTAL_PORT']}" == first["event"]
    assert process.returncode in (0, -signal.SIGTERM)
    assert "planted-ticket" not in log.read_text()
    assert environ["INNKEEPER_REDIS_PASSWORD"] not in log.read_text()


def test_it_starts_without_redis(environ: dict[str, str], tmp_path: Path) -> None:
    """With Redis down the process is alive, not ready, and shows the sign-in page."""
    environ["INNKEEPER_REDIS_PORT"] = str(free_port())
    with portal(environ, tmp_path / "log"):
        answers = [ask(environ, path).status_code for path in ("/health", "/ready", "/sign-in")]

    assert [200, 503, 200] == answers


@pytest.mark.parametrize("missing", ["key", "templates", "domain"])
def test_bad_settings_end_it_at_once(environ: dict[str, str], tmp_path: Path, missing: str) -> None:
    """A missing key, templates directory or domain is named, with exit code 2 and no traceback."""
    if missing == "key":
        (Path(environ["INNKEEPER_KEYS_DIR"]) / "csrf.key").unlink()
    elif missing == "templates":
        environ["INNKEEPER_TEMPLATES_DIR"] = str(tmp_path)
    else:
        del environ["INNKEEPER_DOMAIN"]

    done = subprocess.run([sys.executable, "-m", "auth_manager", "portal"], env=environ, capture_output=True, text=True)

    assert done.returncode == 2
    assert {"key": "csrf.key", "templates": "TEMPLATES_DIR", "domain": "DOMAIN"}[missing] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told(environ: dict[str, str]) -> None:
    """A port that somebody else has ends the process with a line that names it."""
    with socket.create_server(("127.0.0.1", int(environ["INNKEEPER_PORTAL_PORT"]))):
        done = subprocess.run(
            [sys.executable, "-m", "auth_manager", "portal"], env=environ, capture_output=True, text=True
        )

    assert done.returncode != 0
    assert environ["INNKEEPER_PORTAL_PORT"] in done.stderr
    assert "Traceback" not in done.stderr


def test_an_open_stream_does_not_hold_up_the_end(environ: dict[str, str], tmp_path: Path) -> None:
    """With somebody watching a stack being built, TERM still ends the process, and the watcher's stream with it."""
    log = tmp_path / "log"
    with portal(environ, log) as process:
        cookies, stack = sign_up(environ)
        url = f"http://127.0.0.1:{environ['INNKEEPER_PORTAL_PORT']}{stack}/events"
        headers = {"Host": "auth.inn.localhost:8080", "Cookie": cookies}
        with httpx.stream("GET", url, headers=headers, trust_env=False) as stream:
            received = stream.iter_text()
            first = next(received)
            process.terminate()
            with contextlib.suppress(httpx.RemoteProtocolError):
                list(received)
        process.wait(10)

    assert ": hello" in first
    assert "Traceback" not in log.read_text()


def sign_up(environ: dict[str, str]) -> tuple[str, str]:
    """Sign a user up: the cookies as a header, and the path of the stack's page."""
    form = ask(environ, "/sign-up")
    token = form.text.split('name="csrf" value="', 1)[1][:64]
    cookies = [form.headers["set-cookie"].partition(";")[0]]
    done = httpx.post(
        f"http://127.0.0.1:{environ['INNKEEPER_PORTAL_PORT']}/sign-up",
        data={"csrf": token, "handle": "anna", "email": "anna@example.com", "password": PASSWORD, "region": "iad"},
        headers={"Host": "auth.inn.localhost:8080", "Cookie": cookies[0]},
        trust_env=False,
    )
    cookies.append(done.headers["set-cookie"].partition(";")[0])
    return "; ".join(cookies), done.headers["location"]
