"""An inn a test: everything real but Traefik and the apps, which have tests of their own."""

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_manager.users import database
from tests.conftest import RedisServer
from tests.unit.stack_deployer.inn import DOMAIN, HELLO, Inn


@asynccontextmanager
async def opened(root: Path, url: str, redis: Redis, redis_server: RedisServer) -> AsyncIterator[Inn]:
    """An empty inn below `root`; what runs in its stacks is ended on leaving."""
    for name in ("keys", "dynamic", "templates/stacks/hello"):
        (root / name).mkdir(parents=True)
    route_key = secrets.token_bytes(32)
    (root / "keys" / "route.key").write_bytes(route_key)
    (root / "keys" / "assertion.jwks.json").write_text('{"keys": []}')
    (root / "keys" / "installation").write_text("00000000-0000-7000-8000-000000000000\n")
    (root / "keys" / "redis.password").write_text(redis_server.password)
    template = (HELLO / "compose.yml.j2").read_text().replace("tenant_apps.hello", "tests.engines.program")
    (root / "templates" / "stacks" / "hello" / "compose.yml.j2").write_text(template)
    (root / "templates" / "stacks" / "hello" / "stack.yml").write_text((HELLO / "stack.yml").read_text())
    environ = {
        "INNKEEPER_DATABASE_URL": url, "INNKEEPER_REDIS_HOST": redis_server.host,
        "INNKEEPER_REDIS_PORT": str(redis_server.port), "INNKEEPER_DOMAIN": DOMAIN,
        "INNKEEPER_REDIS_PASSWORD_FILE": str(root / "keys" / "redis.password"),
        "INNKEEPER_KEYS_DIR": str(root / "keys"), "INNKEEPER_STACKS_DIR": str(root / "stacks"),
        "INNKEEPER_TEMPLATES_DIR": str(root / "templates"),
        "INNKEEPER_TRAEFIK_DYNAMIC_DIR": str(root / "dynamic"),
        "INNKEEPER_PUBLIC_SCHEME": "http", "INNKEEPER_PUBLIC_PORT": "8080",
    }  # fmt: skip
    sql = database.connect(url)
    inn = Inn(root, environ, redis, sql, route_key)
    yield inn
    inn.clear()
    await sql.dispose()


@pytest.fixture
async def inn(tmp_path: Path, sqlite_template: Path, redis: Redis, redis_server: RedisServer) -> AsyncIterator[Inn]:
    """An empty inn on SQLite."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'inn.db')}"
    async with opened(tmp_path, url, redis, redis_server) as inn:
        yield inn


@pytest.fixture
async def any_inn(tmp_path: Path, database_url: str, redis: Redis, redis_server: RedisServer) -> AsyncIterator[Inn]:
    """An empty inn on SQLite, and one on PostgreSQL."""
    async with opened(tmp_path, database_url, redis, redis_server) as inn:
        yield inn
