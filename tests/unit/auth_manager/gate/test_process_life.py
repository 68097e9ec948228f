"""The gate as a process: what it has in memory, and what becomes of it when parts of it or of Redis die."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.conftest import run_redis
from tests.unit.auth_manager.gate.conftest import GateProcess, World, run_gate
from tests.unit.auth_manager.gate.examples import ROUTE, forwarded

FORBIDDEN = re.compile(
    r"\b(sqlalchemy|alembic|aiosqlite|asyncpg|argon2|_argon2\w*|jinja2|markupsafe|starlette|portal)\b"
)


def worker_of(pid: int) -> int:
    """The worker of a gate's main process; 0 when there is none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0


def alive(pid: int) -> bool:
    """Whether the process runs: neither gone nor a zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def becomes(true: Callable[[], bool]) -> bool:
    """Whether it becomes true before one gives up."""
    give_up = time.monotonic() + 15
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def status(gate: GateProcess, cookie: str) -> int:
    """The status of a request with that cookie; 0 when nobody answers."""
    try:
        with gate.blocking_client() as client:
            return client.get("/auth", headers=forwarded(cookie=cookie)).status_code
    except httpx.TransportError:
        return 0


async def prepare(world: World) -> str:
    """A running stack, and the cookie of its user."""
    await world.publish(ROUTE)
    await world.grants.make_again([])
    return await world.enter(await world.sign_in())


async def test_gate_loads_no_sql_no_hashing_no_templates(tmp_path: Path) -> None:
    """The running gate has imported and mapped nothing of SQL, password hashing, templates or the portal."""
    (tmp_path / "redis").mkdir()
    with run_redis(tmp_path / "redis") as redis, run_gate(tmp_path, redis, PYTHONPROFILEIMPORTTIME="1") as gate:
        client = redis.connect()
        cookie = await prepare(World(client, gate.keys))
        await client.aclose()
        assert 200 == status(gate, cookie)
        mapped = [Path(f"/proc/{pid}/maps").read_text() for pid in (gate.pid, worker_of(gate.pid))]
        imported = re.findall(r"^import time:.*\|\s*(\S+)$", gate.log.read_text(), re.MULTILINE)

    assert "auth_manager.gate.app" in imported
    assert "granian" in mapped[1]
    assert [] == [name for name in imported if FORBIDDEN.search(name.replace(".", " "))]
    assert [] == [line for text in mapped for line in text.splitlines() if FORBIDDEN.search(line)]


async def test_killed_worker_comes_back(tmp_path: Path) -> None:
    """A killed worker is replaced, and the same cookie passes; the main process killed, its worker ends too."""
    (tmp_path / "redis").mkdir()
    with run_redis(tmp_path / "redis") as redis, run_gate(tmp_path, redis) as gate:
        client = redis.connect()
        cookie = await prepare(World(client, gate.keys))
        await client.aclose()
        assert 200 == status(gate, cookie)
        first = worker_of(gate.pid)
        os.kill(first, signal.SIGKILL)

        assert becomes(lambda: worker_of(gate.pid) not in (0, first) and status(gate, cookie) == 200)

        second = worker_of(gate.pid)
        os.kill(gate.pid, signal.SIGKILL)
        assert becomes(lambda: not alive(second))
        assert 0 == status(gate, cookie)


async def test_redis_gone_and_back(tmp_path: Path) -> None:
    """Redis gone is 503; back with its file the same cookie passes; back empty it is 503, then sign-in again."""
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    with ExitStack() as gates:
        with run_redis(full) as redis:
            gate = gates.enter_context(run_gate(tmp_path, redis))
            client = redis.connect()
            cookie = await prepare(World(client, gate.keys))
            await client.aclose()
            assert 200 == status(gate, cookie)
        assert 503 == status(gate, cookie)

        with run_redis(full, port=redis.port, password=redis.password):
            assert 200 == status(gate, cookie)

        with run_redis(empty, port=redis.port, password=redis.password):
            assert 503 == status(gate, cookie)
            client = redis.connect()
            await World(client, gate.keys).publish(ROUTE)
            await client.aclose()
            assert 401 == status(gate, cookie)
