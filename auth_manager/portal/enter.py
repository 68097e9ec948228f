"""The portal's part of the hand-off: a signed-in browser gets a ticket for one host of a stack.

Whether the user may enter is not asked here: the gate decides that, on every request.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.portal import way_back
from auth_manager.portal.services import Services, services
from auth_manager.portal.signed_in import SignedIn, need_sign_in, who
from stack_deployer.contract.bus import ROUTES_LOADED, route_key
from stack_deployer.contract.names import canonical_host
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import SealBroken

TICKET_SECONDS = 60
_PARAMETERS = ("host", "back", "left")
_NONCE = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_LEFT = re.compile(r"[0-9]{1,2}\Z", re.ASCII)
_HEADERS = {"Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a browser came with, checked: `nonce` is a digest, `left` the hosts still to be visited after this one.

    Without a nonce (a program's sign-in URL has none) the host must give one first.
    """

    route: Route
    nonce: str
    back: str
    left: int

    @property
    def query(self) -> dict[str, str]:
        """The same as the parameters of a URL."""
        nonce = {"nonce": self.nonce} if self.nonce else {}
        return {"host": self.route.host, **nonce, "back": self.back, "left": str(self.left)}


async def enter(request: Request) -> Response:
    """302 to the host with a ticket; a page that POSTs it, when this goes in circles; 303 to sign in first."""
    portal = services(request)
    wish = await _wish(portal, request)
    there = await who(request)
    if there is None:
        return need_sign_in(f"/enter?{urlencode(wish.query)}")
    count = await portal.tickets.handoffs(there.session.digest, wish.route.host)
    query = {"back": wish.back, "left": str(wish.left)}
    if not wish.nonce:
        return _by_form(portal, wish, there, f"start?{urlencode(query)}")
    value = {
        "user_id": there.user.id, "user": there.user.handle, "sso": there.session.digest, "host": wish.route.host,
        "stack_id": wish.route.stack_id, "nonce": wish.nonce,
    }  # fmt: skip
    query["ticket"] = await portal.tickets.issue("enter", value, TICKET_SECONDS)
    step = f"enter?{urlencode(query)}"
    if count > 1:
        return _by_form(portal, wish, there, step)
    return RedirectResponse(f"{portal.site.origin(wish.route.host)}/.innkeeper/{step}", 302, _HEADERS)


def _by_form(portal: Services, wish: Wish, there: SignedIn, step: str) -> Response:
    """A page that POSTs itself: a service worker answers GETs of its host from its cache, never a POST navigation."""
    targets = [portal.site.portal, *(portal.site.origin(host) for host in wish.route.hosts)]
    url = f"{portal.site.origin(wish.route.host)}/.innkeeper/{step}"
    return portal.pages.render(
        "hand_off", headers=_HEADERS, form_targets=targets, url=url, stack=wish.route.name, user=there.user
    )


async def _wish(portal: Services, request: Request) -> Wish:
    """What is asked for; raises HTTPException 400 unless every part of it is sound, 503 before routes are there."""
    given = {name: request.query_params.getlist(name) for name in _PARAMETERS}
    nonces = request.query_params.getlist("nonce")
    if any(len(values) != 1 for values in given.values()) or not all(map(_NONCE.match, nonces)) or len(nonces) > 1:
        raise _bad()
    host, back, left = (given[name][0] for name in _PARAMETERS)
    if canonical_host(host) != host or not _LEFT.match(left):
        raise _bad()
    route = await _route(portal, host)
    if route is None or int(left) >= len(route.hosts):
        raise _bad()
    if not way_back.leads_to(back, [portal.site.origin(own) for own in route.hosts]):
        raise _bad()
    return Wish(route, nonces[0] if nonces else "", back, int(left))


async def _route(portal: Services, host: str) -> Route | None:
    """The sealed route of the host; None for an unknown host or a forged route."""
    raw: Any
    loaded: Any
    raw, loaded = await portal.redis.mget(route_key(host), ROUTES_LOADED)
    try:
        if raw is not None:
            return Route.from_value(portal.routes.open(route_key(host), raw))
        if loaded is not None:
            portal.routes.open(ROUTES_LOADED, loaded)
            return None
    except (SealBroken, TypeError, KeyError):
        return None
    raise HTTPException(503, "The list of stacks is being made again. Wait a moment.", {"Retry-After": "1"})


def _bad() -> HTTPException:
    return HTTPException(
        400, "This way into a stack is not complete, or leads elsewhere. Open the stack's own address."
    )
