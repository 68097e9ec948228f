"""Going through a platform from outside: three visitors, and what they may take for granted."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from auth_manager.sessions.session import COOKIE_SSO
from innkeeper.checks.ground import Ground
from innkeeper.checks.visitor import Visitor
from innkeeper.platform.state import Platform
from stack_deployer.contract.bus import digest


class Failed(Exception):
    """What is wrong, in words."""


def expect(fact: object, otherwise: str) -> None:
    """Nothing when the fact holds; raises Failed with the words."""
    if not fact:
        raise Failed(otherwise)


class Tour:
    """One look at a platform: `own` is the stack's user, `stranger` another user, `nobody` never signs in."""

    def __init__(self, platform: Platform, ground: Ground, own: Visitor, stranger: Visitor, nobody: Visitor) -> None:
        self.platform = platform
        self.site = platform.site
        self.ground = ground
        self.own = own
        self.stranger = stranger
        self.nobody = nobody
        self.signed_in = False

    @property
    def dashboard(self) -> str:
        return self.ground.stack.hosts[0]

    def url(self, path: str, host: str | None = None) -> str:
        return self.site.origin(host or self.dashboard) + path

    def sign_in(self, visitor: Visitor, token: str) -> None:
        """Exchange a login token for an SSO session; raises Failed."""
        answer = visitor.post(f"{self.site.portal}/api/auth/login", json={"token": token})
        expect(answer.status_code == 200, f"the portal answers {answer.status_code} to a good login token")

    def echo(self, host: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """What the app says reached it, asked by the stack's own user; raises Failed."""
        expect(self.signed_in, "not tried: the login flow failed")
        asked = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        answer = self.own.get(self.url("/echo", host), headers=asked | (headers or {}))
        expect(answer.status_code == 200, f"the stack's own user gets {answer.status_code} on {host}")
        try:
            found = answer.json()
            expect(isinstance(found["headers"], dict) and isinstance(found["user"], dict), "no echo")
        except (ValueError, KeyError, TypeError):
            raise Failed(f"the app on {host} does not echo") from None
        echo: dict[str, Any] = found
        return echo

    def through_redis(self, value: str) -> str:
        """The value, written to the platform's Redis and read again; raises RedisError."""

        async def there_and_back() -> str:
            redis = self.platform.redis()
            try:
                key = f"check:{value}"
                await redis.set(key, value, ex=10)
                found = await redis.getdel(key)
                return found.decode() if isinstance(found, bytes) else ""
            finally:
                await redis.aclose()

        return asyncio.run(there_and_back())

    def sessions(self) -> list[str]:
        """The digests of the SSO sessions that the visitors still have."""
        found = (visitor.cookie(self.site.portal_host, COOKIE_SSO) for visitor in (self.own, self.stranger))
        return [digest(secret) for secret in found if secret]


@contextmanager
def tour(platform: Platform, ground: Ground) -> Iterator[Tour]:
    """The visitors, gone again on leaving; their sessions are the caller's to end."""
    with ExitStack() as stack:
        own, stranger, nobody = (stack.enter_context(Visitor(platform.site)) for _ in range(3))
        yield Tour(platform, ground, own, stranger, nobody)
