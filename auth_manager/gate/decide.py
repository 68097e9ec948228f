"""The decision table: who may pass. Pure: a request, and what was read of it, give a decision; rows in order.

Whatever is not allowed by a row is refused. Tests hold it row by row.
"""

from dataclasses import dataclass
from enum import Enum, auto

from auth_manager.gate.forwarded import RESERVED, Target
from auth_manager.sessions.session import Session
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import ROLES, Route

BYE = f"{RESERVED}/bye"


class Reason(Enum):
    """Why a request is refused; `refusals` has the status and the words of each."""

    TOO_MANY_COOKIES = auto()
    REDIS_SILENT = auto()
    NOT_LOADED = auto()
    UNKNOWN_HOST = auto()
    UNKNOWN_PAGE = auto()
    OUR_BEARER = auto()
    SIGNED_OUT = auto()
    FRAMED = auto()
    FOREIGN_SESSION = auto()
    NO_SHARE = auto()
    FOREIGN_ORIGIN = auto()
    NOT_RUNNING = auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """What Redis said, opened. `role` is the share's of a session whose user is not the stack's own; None is none."""

    routes_loaded: bool
    route: Route | None = None
    session: Session | None = None
    grants_loaded: bool = False
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Pass, as this session's user in this role."""

    session: Session
    route: Route
    role: str


@dataclass(frozen=True, slots=True)
class Blank:
    """Pass as nobody: a public path, or a preflight."""


@dataclass(frozen=True, slots=True)
class Portal:
    """Pass to the portal, which sees to its own doors."""


@dataclass(frozen=True, slots=True)
class ToPortal:
    """The bare domain: go to the portal."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The browser forgets this host, and goes on to the next of a sign-out."""


@dataclass(frozen=True, slots=True)
class HandOff:
    """One of our own paths on a stack's host; `session` is a live one of this very host and stack."""

    step: str
    route: Route
    session: Session | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A navigation without session: to the portal, and back here."""

    route: Route


@dataclass(frozen=True, slots=True)
class Refused:
    """No; `route` and `session` as far as they are known, for the words of it."""

    reason: Reason
    route: Route | None = None
    session: Session | None = None


Passing = Allowed | Blank | Portal
Settled = Passing | ToPortal | Bye | SignIn | Refused  # answered from what is known; a hand-off asks Redis further
Decision = Settled | HandOff

_STEPS = frozenset({"enter", "start", "sign-out"})
_SERVING = frozenset({"running", "updating"})  # an update keeps the old replica until the new one is healthy


def needs_reading(site: Site, target: Target) -> bool:
    """False for requests that are decided by their names alone, Redis there or not."""
    return not (target.jar.too_large or target.host in (site.portal_host, site.domain) or _is_bye(site, target))


def decide(site: Site, target: Target, reading: Reading | None) -> Decision:
    """The decision on one request; `reading` is None when Redis did not say in time, or was not asked."""
    if target.jar.too_large:
        return Refused(Reason.TOO_MANY_COOKIES)
    if target.host == site.portal_host:
        return Portal()
    if target.host == site.domain:
        return ToPortal()
    if _is_bye(site, target):
        return Bye()
    if reading is None:
        return Refused(Reason.REDIS_SILENT)
    if not reading.routes_loaded:
        return Refused(Reason.NOT_LOADED)
    route = reading.route
    if route is None:
        return Refused(Reason.UNKNOWN_HOST)
    session = reading.session
    if session is not None and session.host == target.host and session.stack_id != route.stack_id:
        session = None  # of a stack removed since, whose name another has now: sign in anew, revive nothing
    if target.reserved:
        return _reserved(target, route, session)
    if is_public(target.path, route.public):
        return _blank(route)
    if target.our_bearer:
        return Refused(Reason.OUR_BEARER, route)
    if target.preflight and is_own_origin(site, target, route):
        return _blank(route)
    if session is None:
        return _signed_out(target, route)
    return _signed_in(site, target, route, session, reading)


def _is_bye(site: Site, target: Target) -> bool:
    # A person's own way through alone: else an image on a sibling's page could drop the cookies of this host.
    # A client that sends no fetch metadata is no browser of today, so nobody's page is behind it.
    walks = target.fetch_mode in (None, "navigate") and target.safe and not target.framed
    return walks and target.path == BYE and target.host.endswith(f".{site.domain}")


def _reserved(target: Target, route: Route, session: Session | None) -> Decision:
    step = target.path[len(RESERVED) + 1 :]
    if step not in _STEPS:
        return Refused(Reason.UNKNOWN_PAGE, route)
    live = session is not None and session.host == target.host
    return HandOff(step, route, session if live else None)


def _blank(route: Route) -> Decision:
    return Blank() if route.state in _SERVING else Refused(Reason.NOT_RUNNING, route)


def _signed_out(target: Target, route: Route) -> Decision:
    if not target.navigation:
        return Refused(Reason.SIGNED_OUT, route)
    return Refused(Reason.FRAMED, route) if target.framed else SignIn(route)


def _signed_in(site: Site, target: Target, route: Route, session: Session, reading: Reading) -> Decision:
    if session.host != target.host:
        return Refused(Reason.FOREIGN_SESSION, route, session)
    if session.user_id == route.user_id:
        role: str | None = "owner"
    elif not reading.grants_loaded:
        return Refused(Reason.NOT_LOADED, route, session)
    else:
        role = reading.role
    if role not in ROLES:
        return Refused(Reason.NO_SHARE, route, session)
    if _is_foreign(site, target, route):
        return Refused(Reason.FOREIGN_ORIGIN, route, session)
    if route.state not in _SERVING:
        return Refused(Reason.NOT_RUNNING, route, session)
    return Allowed(session, route, role)


def is_own_origin(site: Site, target: Target, route: Route) -> bool:
    """The request names as its Origin a host of the stack itself, or one that its template lists."""
    origin = target.origin
    return origin is not None and (origin in route.origins or any(origin == site.origin(h) for h in route.hosts))


def _is_foreign(site: Site, target: Target, route: Route) -> bool:
    """Another site's or another stack's page asks: all stacks are same-site, SameSite cookies do not part them."""
    if target.origin is not None:
        return not is_own_origin(site, target, route)
    if target.fetch_site in (None, "same-origin", "none"):
        return False
    return not (target.navigation and target.safe)


def is_public(path: str, prefixes: tuple[str, ...]) -> bool:
    """One of the prefixes covers the path as sent; never one that an app could read as another path."""
    if not prefixes or "//" in path or any(sign in path for sign in "\\%;"):
        return False
    if any(segment in (".", "..") for segment in path.split("/")):
        return False
    return any(path == prefix or path.startswith(prefix.removesuffix("/") + "/") for prefix in prefixes)
