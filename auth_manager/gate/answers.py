"""Answers to Traefik. A 2xx lets the request pass; anything else goes to the browser as it is.

Traefik replaces or removes the headers named in `authResponseHeaders` on a 2xx only, and a Set-Cookie on a 2xx would
rewrite the app's own cookies. So a 200 is built in `passed` alone, and there it is either somebody's or for a
decision that is allowed to be nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auth_manager.gate.decide import Allowed, Blank, Passing, Portal
from auth_manager.gate.forwarded import Target

AUTH_RESPONSE_HEADERS = (
    "X-Auth-User", "X-Auth-Tenant", "X-Auth-Role", "X-Auth-Assertion",
    "Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups",
    "Cookie", "Authorization",
)  # fmt: skip

Header = tuple[bytes, bytes]

_MAPPED = {name.lower(): name.lower().encode() for name in AUTH_RESPONSE_HEADERS if name.startswith("Remote-")}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case), body."""

    status: int
    headers: Sequence[Header]
    body: bytes = b""


def passed(target: Target, decision: Passing, assertion: str | None = None) -> Answer:
    """The 200 of a decision; `assertion` for an allowed one alone. Raises TypeError for anything else."""
    if isinstance(decision, Allowed):
        if not assertion or not decision.session.user:
            raise TypeError("who is allowed has a name and an assertion")
        return Answer(200, [*_identity(decision, assertion), *_returned(target)])
    if isinstance(decision, Blank):
        return Answer(200, _returned(target))
    if isinstance(decision, Portal):
        headers = [(b"cookie", target.jar.all)] if target.jar.all else []
        if target.authorization is not None:
            headers.append((b"authorization", target.authorization))
        return Answer(200, headers)
    raise TypeError(f"{type(decision).__name__} lets nobody pass")


def redirect(target: Target, location: str, cookies: Sequence[str] = ()) -> Answer:
    """302 of a GET or HEAD, 303 of anything else, to an absolute URL (Traefik resolves others against our own)."""
    headers = [(b"location", location.encode("ascii")), (b"cache-control", b"no-store")]
    headers += [(b"set-cookie", cookie.encode("ascii")) for cookie in cookies]
    return Answer(302 if target.safe else 303, headers)


def refused(status: int, headers: Sequence[Header], body: bytes) -> Answer:
    """A page or an object that is shown instead of the app; raises ValueError for a 2xx."""
    if 200 <= status < 300:
        raise ValueError(f"{status} would let the request pass")
    return Answer(status, headers, body)


def _returned(target: Target) -> list[Header]:
    """Cookie and Authorization as the app may see them: without ours."""
    headers = [(b"cookie", target.jar.rest)] if target.jar.rest else []
    if target.authorization is not None and not target.our_bearer:
        headers.append((b"authorization", target.authorization))
    return headers


def _identity(decision: Allowed, assertion: str) -> list[Header]:
    session, route, role = decision.session, decision.route, decision.role
    user = session.user.encode()
    headers = [
        (b"x-auth-user", user),
        (b"x-auth-tenant", route.tenant.encode()),
        (b"x-auth-role", role.encode()),
        (b"x-auth-assertion", assertion.encode("ascii")),
    ]
    if route.headers:
        facts = {
            "user": user,
            "name": user,
            "email": (session.email or "").encode(),
            "groups": f"{route.tenant},{role}".encode(),
        }
        for header, fact in route.headers.items():
            name, value = _MAPPED.get(header.lower()), facts.get(fact)
            if name is not None and value:
                headers.append((name, value))
    return headers
