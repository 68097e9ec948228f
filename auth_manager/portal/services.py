"""What the portal's pages work with, and how a page gets at it."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response

from auth_manager.portal.csrf import Csrf
from auth_manager.portal.pages import Pages
from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from auth_manager.users.password import Passwords
from stack_deployer.contract.names import Site
from stack_deployer.contract.seal import Sealer


@dataclass(frozen=True, slots=True)
class Services:
    """One portal's wiring: where it stands, its stores, its forms' tokens, its pages."""

    site: Site
    engine: AsyncEngine
    redis: Redis
    sessions: Sessions
    tickets: Tickets
    grants: Grants
    routes: Sealer  # opens `route:<host>`, which the worker sealed
    passwords: Passwords
    csrf: Csrf
    pages: Pages
    streams: dict[str, int] = field(default_factory=dict)  # open event streams a user
    stopping: threading.Event = field(default_factory=threading.Event)  # set when the process was told to end

    @property
    def stack_hosts(self) -> tuple[str, ...]:
        """Form targets of a page whose form's answer leads on to stacks' hosts.

        Browsers hold form-action against the redirects after a form, too (CSP3, 6.4.2).
        """
        return (self.site.origin(f"*.{self.site.domain}"),)

    @classmethod
    def build(
        cls,
        site: Site,
        *,
        engine: AsyncEngine,
        redis: Redis,
        keys: dict[str, bytes],
        lifetimes: Lifetimes,
        passwords: Passwords,
        pages: Pages,
    ) -> "Services":
        """Wire a portal; `keys` holds `session`, `ticket`, `grant`, `route` and `csrf`, 32 bytes each."""
        return cls(
            site=site,
            engine=engine,
            redis=redis,
            sessions=Sessions(redis, Sealer(keys["session"], "session"), lifetimes),
            tickets=Tickets(redis, Sealer(keys["ticket"], "ticket")),
            grants=Grants(redis, Sealer(keys["grant"], "grant")),
            routes=Sealer(keys["route"], "route"),
            passwords=passwords,
            csrf=Csrf(keys["csrf"], site.portal),
            pages=pages,
        )


def services(request: Request) -> Services:
    """The wiring of the portal that answers this request."""
    found: Services = request.app.state.services
    return found


def client(request: Request) -> str:
    """The client's address, as the door found it out."""
    found: str = request.scope["client_address"]
    return found


def form_page(
    request: Request,
    name: str,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    form_targets: Iterable[str] = (),
    **values: Any,
) -> Response:
    """A page with a form of ours: its token put in, and the cookie the token is bound to set where needed."""
    portal = services(request)
    token, cookie = portal.csrf.issue(request)
    page = portal.pages.render(name, status, headers=headers, form_targets=form_targets, csrf=token, **values)
    if cookie is not None:
        page.headers.append("set-cookie", cookie)
    return page
