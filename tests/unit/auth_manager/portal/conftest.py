"""A portal on a real Redis and a real SQLite file, with Browsers to speak to it."""

import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis

from auth_manager.portal.app import KEYS, build
from auth_manager.portal.door import Door
from auth_manager.portal.pages import Pages
from auth_manager.portal.peers import networks
from auth_manager.portal.services import Services
from auth_manager.sessions.session import COOKIE_SSO, Lifetimes
from auth_manager.users import accounts
from auth_manager.users.accounts import User
from auth_manager.users.database import connect, migrate
from auth_manager.users.password import Passwords
from stack_deployer.contract import wanted
from stack_deployer.contract.bus import ROUTES_LOADED, route_key
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import Route
from stack_deployer.contract.wanted import Wanted
from tests.unit.auth_manager.portal.browser import Browser

TEMPLATES = Path(__file__).parents[4] / "templates" / "pages"
SITE = Site("inn.localhost", "http", 8080)
PASSWORD = "a long walk in the rain"


@dataclass(frozen=True, slots=True)
class Inn:
    """A portal under test: its wiring and its application."""

    services: Services
    app: Door

    def browser(self, peer: str = "127.0.0.1") -> Browser:
        """A browser that was never here."""
        return Browser(self.app, SITE.portal, peer)

    async def guest(self, handle: str) -> tuple[Browser, User]:
        """A new user with a stack, and a browser signed in as that user."""
        browser = self.browser()
        fields = {"handle": handle, "email": f"{handle}@example.com", "password": PASSWORD, "region": "fra"}
        answer = await browser.submit("/sign-up", fields)
        assert answer.status_code == 303
        user = await self.user(handle)
        assert user is not None
        return browser, user

    async def user(self, handle: str) -> User | None:
        """The user of that handle, from SQL."""
        async with self.services.engine.connect() as conn:
            return await accounts.find(conn, handle)

    async def stack(self, user: User) -> Wanted:
        """The user's first stack, from SQL."""
        async with self.services.engine.connect() as conn:
            return (await wanted.live(conn, user_id=user.id))[0]

    async def report(self, stack_id: str, **values: Any) -> None:
        """Say of a stack what the worker would say."""
        async with self.services.engine.begin() as conn:
            await wanted.report(conn, stack_id, **values)

    async def routed(self, stack: Wanted, *, loaded: bool = True) -> list[Route]:
        """Publish the stack's routes as the worker does."""
        routes = [
            Route(host, stack.id, stack.name, stack.user_id, stack.user, stack.tenant, stack.hosts, "running")
            for host in stack.hosts
        ]
        for route in routes:
            key = route_key(route.host)
            await self.services.redis.set(key, self.services.routes.seal(key, route.to_value()))
        if loaded:
            await self.services.redis.set(ROUTES_LOADED, self.services.routes.seal(ROUTES_LOADED, {"at": 1.0}))
        return routes

    async def is_live(self, browser: Browser) -> bool:
        """Whether the cookie the browser holds opens a session."""
        return await self.services.sessions.sso(browser.cookies.get(COOKIE_SSO, "")) is not None


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, migrated once a run."""
    path = tmp_path_factory.mktemp("portal") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_file(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "portal.db"))


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Argon2id at its lightest: what it costs is not what these tests are about."""
    return Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def inn(redis: Redis, database_file: Path, passwords: Passwords) -> AsyncIterator[Inn]:
    """A portal without users; the trusted peer is 127.0.0.1."""
    engine = connect(f"sqlite:///{database_file}")
    services = Services.build(
        SITE,
        engine=engine,
        redis=redis,
        keys={name: secrets.token_bytes(32) for name in KEYS},
        lifetimes=Lifetimes(idle=3600, cap=12 * 3600),
        passwords=passwords,
        pages=Pages(TEMPLATES, SITE),
    )
    yield Inn(services, build(services, networks("127.0.0.1")))
    await engine.dispose()
