"""An inn a test: everything real but Traefik and the apps, which have tests of their own."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from auth_manager.users import database
from tests.conftest import RedisServer
from tests.unit.stack_deployer.inn import DOMAIN, HELLO, Inn


@pytest.fixture
async def inn(tmp_path: Path, redis: Redis, redis_server: RedisServer) -> AsyncIterator[Inn]:
    """An empty inn; what runs in its stacks is ended with the test."""
    for name in ("keys", "dynamic", "templates/stacks/hello"):
        (tmp_path / name).mkdir(parents=True)
    route_key = secrets.token_bytes(32)
    (tmp_path / "keys" / "route.key").write_bytes(route_key)
    (tmp_path / "keys" / "assertion.jwks.json").write_text('{"keys": []}')
    (tmp_path / "keys" / "installation").write_text("00000000-0000-7000-8000-000000000000\n")
    (tmp_path / "keys" / "redis.password").write_text(redis_server.password)
    template = (HELLO / "compose.yml.j2").read_text().replace("tenant_apps.hello", "tests.engines.program")
    (tmp_path / "templates" / "stacks" / "hello" / "compose.yml.j2").write_text(template)
    (tmp_path / "templates" / "stacks" / "hello" / "stack.yml").write_text((HELLO / "stack.yml").read_text())
    url = f"sqlite:///{tmp_path / 'inn.db'}"
    database.migrate(url)
    environ = {
        "INNKEEPER_DATABASE_URL": url, "INNKEEPER_REDIS_HOST": redis_server.host,
        "INNKEEPER_REDIS_PORT": str(redis_server.port), "INNKEEPER_DOMAIN": DOMAIN,
        "INNKEEPER_REDIS_PASSWORD_FILE": str(tmp_path / "keys" / "redis.password"),
        "INNKEEPER_KEYS_DIR": str(tmp_path / "keys"), "INNKEEPER_STACKS_DIR": str(tmp_path / "stacks"),
        "INNKEEPER_TEMPLATES_DIR": str(tmp_path / "templates"),
        "INNKEEPER_TRAEFIK_DYNAMIC_DIR": str(tmp_path / "dynamic"),
        "INNKEEPER_PUBLIC_SCHEME": "http", "INNKEEPER_PUBLIC_PORT": "8080",
    }  # fmt: skip
    sql = database.connect(url)
    inn = Inn(tmp_path, environ, redis, sql, route_key)
    yield inn
    inn.clear()
    await sql.dispose()
