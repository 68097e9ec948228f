"""Fixtures that every test may use: a real Redis, started once a run, empty before each test that asks."""

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis

from stack_deployer.contract import bus

REDIS_SERVER = Path(sys.executable).with_name("redis-server")
DEADLINE = 5.0  # seconds: a busy machine must not look like a silent Redis


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where a Redis listens, and its password."""

    host: str
    port: int
    password: str = field(repr=False)

    def connect(self, deadline: float = DEADLINE) -> Redis:
        """A client of it as the product makes them; the caller closes it."""
        return bus.connect(self.host, self.port, password=self.password, deadline=deadline)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def run_redis(directory: Path, *, port: int | None = None, password: str | None = None) -> Iterator[RedisServer]:
    """A Redis with its files in `directory`, ended on leaving; started anew there it has its data back.

    Another port is tried when the one chosen is taken meanwhile, unless the caller insists on `port`.
    """
    password = password or secrets.token_hex(16)
    for _ in range(5):
        server = RedisServer("127.0.0.1", port or free_port(), password)
        with subprocess.Popen(
            [REDIS_SERVER, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdin is not None
                process.stdin.write(_configuration(server, directory))  # not argv: others could read the password
                process.stdin.close()
                if _answers(server, process):
                    yield server
                    return
            finally:
                process.terminate()
        if port is not None:
            break
    raise RuntimeError("redis-server does not start")


def _configuration(server: RedisServer, directory: Path) -> str:
    lines = (
        f"bind {server.host}", f"port {server.port}", f"requirepass {server.password}", f'dir "{directory}"',
        'save ""', "appendonly yes", "daemonize no",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _answers(server: RedisServer, process: subprocess.Popen[str]) -> bool:
    give_up = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with socket.create_connection((server.host, server.port), timeout=1) as connection:
                connection.sendall(f"AUTH {server.password}\r\n".encode())
                if connection.recv(64).startswith(b"+OK"):
                    return True
        except OSError:
            pass
        time.sleep(0.02)
    return False


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One real Redis for the whole run."""
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A connected client of an emptied Redis."""
    client = redis_server.connect()
    await client.flushall()
    yield client
    await client.aclose()
