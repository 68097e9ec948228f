"""The SQL database, SQLite or PostgreSQL: connections, transactions, migrations."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).with_name("migrations")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_BUSY_MS = 5000  # how long one SQLite writer waits for another
_CONNECT_TIMEOUT = 5  # seconds
_LOCK = 0x1_4E_4B_45_45_50  # PostgreSQL advisory lock held while migrating
_AGAIN = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock

T = TypeVar("T")


class Engine(AsyncEngine):
    """`begin()` is for transactions that write, `connect()` for reading.

    On SQLite a writer takes its lock at once, so that two queue; one that read first could only fail.
    """

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that writes, committed on leaving, rolled back on an error."""
        async with self.connect() as conn:
            await conn.execution_options(writes=True)
            async with conn.begin():
                yield conn


def to_async(url: str) -> sa.URL:
    """The URL with the driver we use; its repr hides the password. Raises ValueError for another database."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ValueError("DATABASE_URL is not a URL such as sqlite:////path/file.db") from None
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ValueError(f"{parsed.get_backend_name()!r} databases are not supported: use sqlite or postgresql")
    if driver.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise ValueError("SQLite needs a file: each connection to a database in memory would have its own")
    query = dict(parsed.query)
    if "sslmode" in query and driver.endswith("asyncpg"):  # libpq's word for asyncpg's `ssl`
        query["ssl"] = query.pop("sslmode")
    return parsed.set(drivername=driver, query=query)


def connect(url: str) -> AsyncEngine:
    """An engine for the database of that URL; connects on first use. Raises ValueError as `to_async`."""
    parsed = to_async(url)
    if parsed.get_backend_name() != "sqlite":
        arguments = {"timeout": _CONNECT_TIMEOUT}
        remote = create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=arguments)
        return Engine(remote.sync_engine)
    engine = Engine(create_async_engine(parsed, hide_parameters=True).sync_engine)
    sa.event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(conn: sa.Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")


async def in_transaction(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]], *, tries: int = 6) -> T:
    """What `work` returns, all of it in one transaction.

    `work` looks before it inserts; where another was quicker in between it is run again and sees what the
    other made. An IntegrityError of the last try passes through.
    """
    for left in reversed(range(tries)):
        try:
            async with engine.begin() as conn:
                return await work(conn)
        except DBAPIError as error:
            lost_race = isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _AGAIN
            if not left or not lost_race:
                raise
    raise ValueError("a transaction needs one try at least")


def migrate(url: str) -> None:
    """Bring the database to the newest revision; blocks. Of two processes at once, one waits for the other.

    All or nothing: a revision that fails leaves the database as it was.
    """
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_migrate(url))
        except BaseException as error:  # noqa: BLE001  handed to the caller below
            failed.append(error)

    # A thread of its own: the caller may be inside an event loop.
    thread = threading.Thread(target=run, name="migrate")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


async def _migrate(url: str) -> None:
    parsed = to_async(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        _make_sqlite_file(parsed.database)
    engine = connect(url)
    try:
        async with engine.begin() as conn:
            if conn.dialect.name == "postgresql":
                await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            await conn.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _make_sqlite_file(path: str) -> None:
    """An SQLite file that only we can read (SQLite gives its journals the same mode), journal mode WAL.

    The mode is kept in the file. Two that set it at once get "locked" at once, whatever the time-out.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    give_up = 100
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000)
    try:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
                return
            except sqlite3.OperationalError:
                give_up -= 1
                if not give_up:
                    raise
                threading.Event().wait(0.05)
    finally:
        connection.close()


def _upgrade(conn: sa.Connection) -> None:
    command.upgrade(alembic_config(connection=conn), "head")


def alembic_config(**attributes: Any) -> Config:
    """Alembic's configuration without a file, so that it is found wherever the package is installed."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config
