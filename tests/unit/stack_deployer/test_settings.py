"""Facts about the worker's settings."""

from pathlib import Path

import pytest

from stack_deployer.contract import environment
from stack_deployer.contract.environment import BadSettings
from stack_deployer.contract.names import Site
from stack_deployer.settings import WorkerSettings

ENVIRON = {
    "INNKEEPER_DATABASE_URL": "sqlite:////srv/inn.db", "INNKEEPER_KEYS_DIR": "/k", "INNKEEPER_STACKS_DIR": "/s",
    "INNKEEPER_TEMPLATES_DIR": "/t", "INNKEEPER_TRAEFIK_DYNAMIC_DIR": "/d", "INNKEEPER_DOMAIN": "example.com",
}  # fmt: skip


def read(**changes: str) -> WorkerSettings:
    """The settings with some changed."""
    return environment.read(WorkerSettings, ENVIRON | {f"INNKEEPER_{name.upper()}": v for name, v in changes.items()})


def test_defaults_are_those_of_a_public_site() -> None:
    """https on 443; the API of Traefik is asked only where it is named."""
    settings = read()

    assert Site("example.com") == settings.site
    assert "" == settings.traefik_api
    assert Path("/s") == settings.stacks_dir


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////srv/inn.db", "sqlite+aiosqlite"),
        ("postgresql://inn@db/inn", "postgresql+asyncpg"),
        ("postgres://inn@db/inn?sslmode=require", "postgresql+asyncpg"),
    ],
)
def test_database_gets_its_driver(url: str, driver: str) -> None:
    """Founding URLs are taken as they are, with libpq's words for TLS."""
    sql = read(database_url=url).sql

    assert driver == sql.drivername
    assert "sslmode" not in sql.query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://x"),
        ("database_url", "nonsense"),
        ("domain", "Example.com"),
        ("public_scheme", "ftp"),
        ("public_port", "0"),
        ("redis_port", "x"),
        ("traefik_api", "https://x"),
        ("log_level", "loud"),
    ],
)
def test_bad_values_are_named(name: str, value: str) -> None:
    """Each is refused under its own name."""
    with pytest.raises(BadSettings, match=f"INNKEEPER_{name.upper()}"):
        read(**{name: value})


def test_secrets_do_not_show() -> None:
    """Neither the settings nor the URL show a password."""
    settings = read(database_url="postgresql://inn:planted-1@db/inn", redis_password="planted-2")

    assert "planted" not in f"{settings!r} {settings} {settings.sql!r} {settings.sql}"
