"""The hand-off: how a browser that is signed in at the portal gets a session on each host of a stack.

A refused navigation, or `/.innkeeper/start`, leaves a nonce in the browser and goes to the portal, which comes back
with a one-time ticket to `/.innkeeper/enter`. The ticket is good in this very browser alone: without the nonce, a
victim who opens an attacker's unused link would become the attacker. Then the next host of the stack, and at last
the page that was wanted.
"""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from auth_manager.gate import way_back
from auth_manager.gate.answers import Answer, redirect
from auth_manager.gate.cookies import SECRET, Nonce
from auth_manager.gate.decide import BYE, HandOff, Reason, Refused
from auth_manager.gate.forwarded import Target
from auth_manager.gate.pages import Link
from auth_manager.gate.refusals import Words, refuse, say, start_url
from auth_manager.sessions.session import COOKIE_NONCE, COOKIE_STACK, expire_cookie, set_cookie
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from stack_deployer.contract.bus import digest
from stack_deployer.contract.names import Site, canonical_host
from stack_deployer.contract.route import Route

MAX_TRIES = 2  # failed hand-offs before a page instead of another
MAX_BYES = 64  # hosts that one sign-out leads past

Random = Callable[[int], str]


class HandOffs:
    """Answers the paths under `/.innkeeper/` of a stack's host; Redis errors go to the caller."""

    def __init__(
        self, site: Site, sessions: Sessions, tickets: Tickets, *, random: Random = secrets.token_urlsafe
    ) -> None:
        self._site = site
        self._sessions = sessions
        self._tickets = tickets
        self._random = random

    async def answer(self, target: Target, step: HandOff) -> Answer:
        """The answer of one step."""
        if step.step == "sign-out":
            return redirect(target, f"{self._site.portal}/sign-out")
        if step.step == "start":
            return self._start(target, step)
        return await self._enter(target, step)

    def sign_in(self, target: Target, route: Route) -> Answer:
        """A refused navigation: to the portal, all hosts of the stack to be visited."""
        back = way_back.wanted(self._site, target)
        return self._to_portal(target, back, len(route.hosts) - 1)

    def _to_portal(self, target: Target, back: str, left: int, *, anew: bool = False) -> Answer:
        nonce = target.jar.nonce
        keeps = nonce is not None and not (anew and nonce.tries)
        nonce = nonce or Nonce(self._random(32))
        cookies = () if keeps else (set_cookie(COOKIE_NONCE, nonce.text(0)),)
        query = f"host={target.host}&nonce={digest(nonce.value)}&back={way_back.quoted(back)}&left={left}"
        return redirect(target, f"{self._site.portal}/enter?{query}", cookies)

    def _start(self, target: Target, step: HandOff) -> Answer:
        query = _query(target)
        back, left = self._way(target, step.route, query)
        if step.session is not None:
            return self._onward(target, step.route, back, left)
        return self._to_portal(target, back, left, anew="anew" in query)

    async def _enter(self, target: Target, step: HandOff) -> Answer:
        if target.method not in ("GET", "POST"):
            words = Words(405, "method", "Not so", ["Only GET and POST go here."], headers=[(b"allow", b"GET, POST")])
            return say(self._site, target, step.route, words)
        if target.method == "POST" and target.origin not in (None, "null", self._site.portal):
            return refuse(self._site, target, Refused(Reason.FOREIGN_ORIGIN, step.route))
        query = _query(target)
        back, left = self._way(target, step.route, query)
        if step.session is not None:
            return self._onward(target, step.route, back, left)
        ticket = await self._ticket(target, step.route, query.get("ticket", ""))
        nonce = target.jar.nonce
        if ticket is None or nonce is None:
            return self._failed(target, step.route, back, left, counted=True)
        if ticket["nonce"] != digest(nonce.value):
            # Of tabs that open at once each gets a nonce and the last one stays; the others try again with that.
            return self._failed(target, step.route, back, left, counted=False)
        secret = await self._sessions.start_host(ticket["sso"], host=target.host, stack_id=step.route.stack_id)
        if secret is None:  # signed out since
            return self._failed(target, step.route, back, left, counted=True)
        cookies = [set_cookie(COOKIE_STACK, secret)]
        if nonce.tries:
            cookies.append(set_cookie(COOKIE_NONCE, nonce.text(0)))
        return self._onward(target, step.route, back, left, cookies)

    async def _ticket(self, target: Target, route: Route, secret: str) -> dict[str, Any] | None:
        """What a genuine, unused ticket for this host of this stack says; it is used up by asking."""
        if not SECRET.fullmatch(secret.encode()):
            return None
        ticket = await self._tickets.consume("enter", secret)
        if ticket is None or ticket["host"] != target.host or ticket["stack_id"] != route.stack_id:
            return None
        return ticket

    def _way(self, target: Target, route: Route, query: dict[str, str]) -> tuple[str, int]:
        """The checked way back, and how many further hosts are to be visited first."""
        most = len(route.hosts) - 1
        left = query.get("left", str(most))
        further = int(left) if len(left) <= 2 and left.isascii() and left.isdigit() else 0
        return way_back.checked(self._site, route, target.host, query.get("back")), min(further, most)

    def _onward(self, target: Target, route: Route, back: str, left: int, cookies: list[str] | None = None) -> Answer:
        if left > 0 and target.host in route.hosts:
            host = route.hosts[(route.hosts.index(target.host) + 1) % len(route.hosts)]
            back = f"{start_url(self._site, host, back)}&left={left - 1}"
        return redirect(target, back, cookies or ())

    def _failed(self, target: Target, route: Route, back: str, left: int, *, counted: bool) -> Answer:
        """No session; try again from the clean URL, but not for ever."""
        nonce = target.jar.nonce
        if nonce is None and target.method == "POST":
            return say(self._site, target, route, self._no_cookies(target, back))
        tries = nonce.tries if nonce else 0
        if tries >= MAX_TRIES:
            return say(self._site, target, route, self._gave_up(target, back))
        cookies = []
        if counted:
            nonce = nonce or Nonce(self._random(32))
            cookies.append(set_cookie(COOKIE_NONCE, nonce.text(tries + 1)))
        if not back.startswith(f"{self._site.origin(target.host)}/"):
            # The page is on another host of the stack, which has its session: going there would leave this one without.
            back = f"{start_url(self._site, target.host, back)}&left={left}"
        return redirect(target, back, cookies)

    def _no_cookies(self, target: Target, back: str) -> Words:
        lines = [
            "Your browser does not keep cookies of this site, so nobody can stay signed in here.",
            f"Allow cookies for {target.host}, then try again.",
        ]
        link = Link(start_url(self._site, target.host, back, anew=True), "Try again")
        return Words(400, "no_cookies", "Cookies are needed", lines, link=link)

    def _gave_up(self, target: Target, back: str) -> Words:
        lines = ["Signing in here failed more than once.", "The link may be old, used, or meant for another browser."]
        link = Link(start_url(self._site, target.host, back, anew=True), "Begin anew")
        return Words(400, "hand_off_failed", "That did not work", lines, link=link)


def bye(site: Site, target: Target) -> Answer:
    """Forget this host's session in the browser and what it cached; on to the next host of the sign-out, if any."""
    hosts = [host for host in _query(target).get("then", "").split(",")[:MAX_BYES] if _is_stack_host(site, host)]
    if hosts:
        url = f"{site.origin(hosts[0])}{BYE}"
        if hosts[1:]:
            url += f"?then={','.join(hosts[1:])}"
    else:
        url = f"{site.portal}/signed-out"
    answer = redirect(target, url, (expire_cookie(COOKIE_STACK), expire_cookie(COOKIE_NONCE)))
    return Answer(answer.status, [*answer.headers, (b"clear-site-data", b'"cache"')])


def _is_stack_host(site: Site, host: str) -> bool:
    return canonical_host(host) == host and host.endswith(f".{site.domain}") and host != site.portal_host


def _query(target: Target) -> dict[str, str]:
    """The query's parameters; one that is repeated counts as absent."""
    try:
        pairs = parse_qsl(target.query or "", keep_blank_values=True, max_num_fields=16, errors="strict")
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
