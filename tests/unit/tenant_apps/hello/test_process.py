"""hello as a process, started as the engine starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from websockets.sync.client import connect

from tests.unit.tenant_apps.conftest import ISSUER, STACK, Gate


def start(variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tenant_apps.hello"],
        env={"PATH": os.environ["PATH"], "HOST": "127.0.0.1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def serving(gate: Gate) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    variables = {"INNKEEPER_KEYS_FILE": str(gate.file), "INNKEEPER_STACK_ID": STACK, "INNKEEPER_ISSUER": ISSUER}
    with start(variables | {"PORT": str(port)}) as process:
        try:
            give_up = time.monotonic() + 20
            while not healthy(port) and process.poll() is None and time.monotonic() < give_up:
                time.sleep(0.05)
            yield process, port
        finally:
            process.kill()


def healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_it_serves_pages_and_sockets_and_ends_on_term(gate: Gate) -> None:
    """Over real connections the user is known by both; TERM ends it though a socket is open."""
    headers = {"X-Auth-Assertion": gate.sign()}
    with serving(gate) as (process, port):
        page = httpx.get(f"http://127.0.0.1:{port}/", headers=headers, trust_env=False)
        with connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers, proxy=None) as opened:
            first = opened.recv(timeout=10)
            process.send_signal(signal.SIGTERM)
            ended = process.wait(timeout=20)

    assert "Hello, anna." in page.text
    assert "anna" in str(first)
    assert ended in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "INNKEEPER_KEYS_FILE is not set"),
        ({"INNKEEPER_KEYS_FILE": "/nowhere", "INNKEEPER_STACK_ID": "a"}, "PORT is not set"),
        ({"INNKEEPER_KEYS_FILE": "/nowhere", "INNKEEPER_STACK_ID": "a", "PORT": "eighty"}, "PORT is 'eighty'"),
    ],
)
def test_a_wrong_variable_is_told_in_one_line(variables: dict[str, str], words: str) -> None:
    """Without its variables it ends at once, naming the one, with no traceback."""
    with start(variables) as process:
        said, _ = process.communicate(timeout=30)

    assert 0 != process.returncode
    assert words in said
    assert 1 == said.count("\n")
