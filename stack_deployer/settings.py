"""The worker's settings, read once from the environment (see docs/configuration.md)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from stack_deployer.contract.environment import Environment
from stack_deployer.contract.names import Site, domain_name


def _url(text: SecretStr) -> SecretStr:
    try:
        backend = make_url(text.get_secret_value()).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in _DRIVERS:
        raise ValueError("must be a URL such as sqlite:////path/file.db or postgresql://user@host/name")
    return text


def _api(text: str) -> str:
    if text and not text.startswith("http://"):
        raise ValueError("must be an http:// address, as http://127.0.0.1:9000")
    return text.rstrip("/")


_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


class WorkerSettings(Environment):
    """What the worker needs: SQL, Redis, keys, directories, Traefik, and the site it publishes."""

    database_url: Annotated[SecretStr, AfterValidator(_url)]
    redis_host: str = "127.0.0.1"
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_username: str | None = None
    redis_password: SecretStr | None = None
    keys_dir: Path
    stacks_dir: Path
    templates_dir: Path = Path("templates")
    traefik_dynamic_dir: Path
    traefik_api: Annotated[str, AfterValidator(_api)] = ""
    domain: Annotated[str, AfterValidator(domain_name)]
    public_scheme: Literal["http", "https"] = "https"
    public_port: int = Field(default=443, ge=1, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def site(self) -> Site:
        return Site(self.domain, self.public_scheme, self.public_port)

    @property
    def sql(self) -> URL:
        """The database's URL with the asynchronous driver; its repr hides the password."""
        url = make_url(self.database_url.get_secret_value())
        query = dict(url.query)
        driver = _DRIVERS[url.get_backend_name()]
        if "sslmode" in query and driver.endswith("asyncpg"):  # libpq's word for asyncpg's `ssl`
            query["ssl"] = query.pop("sslmode")
        return url.set(drivername=driver, query=query)
