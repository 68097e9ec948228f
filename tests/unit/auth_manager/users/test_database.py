"""The database: URLs, migrations, transactions."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth_manager.users import database
from auth_manager.users.tables import metadata, tenants

MIGRATE = """
import sys
from auth_manager.users.database import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(sys.argv[1])
"""


async def schema(url: str) -> tuple[list[str], list[object]]:
    """The tables there are, and what Alembic would change to make them those of the code."""

    def look(conn: sa.Connection) -> tuple[list[str], list[object]]:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        return sorted(sa.inspect(conn).get_table_names()), compare_metadata(context, metadata)

    engine = database.connect(url)
    async with engine.connect() as conn:
        found = await conn.run_sync(look)
    await engine.dispose()
    return found


def migrate_at_once(url: str, count: int) -> list[tuple[int, str]]:
    """Exit code and errors of so many processes that migrate one database at the same moment."""
    argv = [sys.executable, "-c", MIGRATE, url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it has started, and waits
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]
    return [(process.returncode, error) for process, error in zip(processes, errors, strict=True)]


async def insert_tenant(conn: AsyncConnection, number: int) -> None:
    """Add a row to a table that refers to no other."""
    values = {"id": f"id-{number}", "slug": f"tenant-{number}", "personal": False, "created_at": 0.0}
    await conn.execute(tenants.insert().values(values))


async def count_tenants(engine: AsyncEngine) -> int:
    """How many tenants there are."""
    async with engine.connect() as conn:
        return (await conn.execute(sa.select(sa.func.count()).select_from(tenants))).scalar_one()


class TestUrls:
    @pytest.mark.parametrize(
        ("given", "driver"),
        [
            ("sqlite:////tmp/inn.db", "sqlite+aiosqlite"),
            ("sqlite+aiosqlite:////tmp/inn.db", "sqlite+aiosqlite"),
            ("postgresql://user:planted@db/inn", "postgresql+asyncpg"),
            ("postgres://user:planted@db/inn", "postgresql+asyncpg"),
            ("postgresql+psycopg2://user:planted@db/inn", "postgresql+asyncpg"),
        ],
    )
    def test_the_driver_is_ours_whatever_the_url_says(self, given: str, driver: str) -> None:
        """A URL as people write it gets the asynchronous driver, and its repr hides the password."""
        url = database.to_async(given)

        assert driver == url.drivername
        assert "planted" not in repr(url)

    def test_libpq_sslmode_is_understood(self) -> None:
        """`sslmode=require` reaches asyncpg as its own `ssl` option."""
        assert {"ssl": "require"} == dict(database.to_async("postgresql://db/inn?sslmode=require").query)

    @pytest.mark.parametrize(
        "given",
        ["mysql://user:planted@db/inn", "planted", "", "mongodb://planted@db", "sqlite://", "sqlite:///:memory:"],
    )
    def test_other_databases_are_refused_without_telling_the_url(self, given: str) -> None:
        """A URL of another database, or none at all, is a ValueError that keeps its secrets."""
        with pytest.raises(ValueError, match=r".") as refused:
            database.to_async(given)

        assert "planted" not in str(refused.value)


class TestMigrations:
    async def test_they_make_the_tables_of_the_code(self, empty_url: str) -> None:
        """After migrating an empty database, Alembic finds nothing to change."""
        database.migrate(empty_url)

        tables, changes = await schema(empty_url)

        assert sorted([*metadata.tables, "alembic_version"]) == tables
        assert [] == changes

    async def test_checks_and_options_are_the_same_too(self, tmp_path: Path) -> None:
        """What Alembic does not compare (checks, AUTOINCREMENT, partial indexes) is the same in SQLite's own words."""
        statements = []
        database.migrate(f"sqlite:///{tmp_path / 'migrated.db'}")
        for name in ("migrated", "created"):
            engine = sa.create_engine(f"sqlite:///{tmp_path / name}.db")
            metadata.create_all(engine)
            with engine.connect() as conn:
                query = sa.text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'")
                rows = conn.execute(query).all()
            engine.dispose()
            # Constraints stand in the order in which they were written down, which means nothing.
            statements.append(
                {
                    (kind, name): sorted(line.strip().rstrip(",") for line in (sql or "").splitlines())
                    for kind, name, sql in rows
                }
            )

        assert statements[0] == statements[1]

    async def test_a_second_run_changes_nothing(self, database_url: str) -> None:
        """Migrating at every start is harmless: rows stay."""
        engine = database.connect(database_url)
        async with engine.begin() as conn:
            await insert_tenant(conn, 1)

        database.migrate(database_url)

        assert 1 == await count_tenants(engine)
        await engine.dispose()

    async def test_processes_that_start_at_once_wait_for_each_other(self, empty_url: str) -> None:
        """Four processes that migrate one empty database at the same moment all succeed."""
        answers = await asyncio.to_thread(migrate_at_once, empty_url, 4)

        assert [(0, "")] * 4 == answers
        assert [] == (await schema(empty_url))[1]

    async def test_a_revision_that_fails_leaves_nothing(self, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """All tables of a failed migration are gone again, and the next run makes them."""
        with monkeypatch.context() as patch:
            patch.setattr(sa, "UniqueConstraint", None)  # the revision breaks off after its first lines
            with pytest.raises(TypeError):
                database.migrate(empty_url)
        assert [] == (await schema(empty_url))[0]

        database.migrate(empty_url)

        assert [] == (await schema(empty_url))[1]

    def test_the_sqlite_file_is_ours_alone(self, tmp_path: Path) -> None:
        """A new SQLite file is readable by its owner only, whatever the umask."""
        database.migrate(f"sqlite:///{tmp_path / 'new.db'}")

        assert 0o600 == (tmp_path / "new.db").stat().st_mode & 0o777

    def test_there_is_one_newest_revision(self) -> None:
        """Two branches of revisions never stand side by side."""
        assert 1 == len(ScriptDirectory.from_config(database.alembic_config()).get_heads())


class TestTransactions:
    async def test_two_writers_queue(self, engine: AsyncEngine) -> None:
        """Of ten transactions that read, wait and write at once, none fails."""

        async def write(number: int) -> None:
            async with engine.begin() as conn:
                await conn.execute(sa.select(tenants))
                await asyncio.sleep(0.01)
                await insert_tenant(conn, number)

        await asyncio.gather(*(write(number) for number in range(10)))

        assert 10 == await count_tenants(engine)

    async def test_readers_do_not_wait_for_a_writer(self, engine: AsyncEngine) -> None:
        """Reading goes on beside a transaction that writes, and sees what was there before."""
        async with engine.begin() as conn:
            await insert_tenant(conn, 1)
            assert 0 == await asyncio.wait_for(count_tenants(engine), 2)

        assert 1 == await count_tenants(engine)

    async def test_foreign_keys_are_kept(self, engine: AsyncEngine) -> None:
        """A user without a tenant of its handle's slug cannot be inserted: one namespace, held by SQL."""
        row = {"id": "1", "handle": "ada", "operator": False, "disabled": False, "created_at": 0.0}
        with pytest.raises(IntegrityError):
            async with engine.begin() as conn:
                await conn.execute(metadata.tables["users"].insert().values(row))

    async def test_who_lost_a_race_looks_again(self, engine: AsyncEngine) -> None:
        """Of eight that look and then insert the same row at once, one makes it and seven find it."""

        async def work(conn: AsyncConnection) -> str:
            if (await conn.execute(sa.select(tenants))).first() is not None:
                return "found"
            await asyncio.sleep(0.01)
            await insert_tenant(conn, 1)
            return "made"

        answers = await asyncio.gather(*(database.in_transaction(engine, work) for _ in range(8)))

        assert ["found"] * 7 + ["made"] == sorted(answers)

    async def test_a_clash_that_stays_passes_through(self, engine: AsyncEngine) -> None:
        """Work that fails each time fails for good, and leaves nothing behind."""
        tried = []

        async def work(conn: AsyncConnection) -> None:
            tried.append(1)
            await insert_tenant(conn, 1)
            await insert_tenant(conn, 1)

        with pytest.raises(IntegrityError):
            await database.in_transaction(engine, work, tries=2)

        assert 2 == len(tried)
        assert 0 == await count_tenants(engine)

    async def test_a_password_never_shows_in_an_error(self, engine: AsyncEngine) -> None:
        """An SQL error names no values: among them are password hashes."""
        row = {"id": "1", "user_id": "none", "kind": "password", "secret": "planted", "created_at": 0.0}
        insert = metadata.tables["credentials"].insert().values(row | {"updated_at": 0.0})
        with pytest.raises(IntegrityError) as failed:
            async with engine.begin() as conn:
                await conn.execute(insert)

        assert "planted" not in str(failed.value)
