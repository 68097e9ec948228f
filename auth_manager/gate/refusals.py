"""Refusals in words: a page for people, JSON for programs, CORS headers when a sibling host's page asks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from auth_manager.gate import pages, way_back
from auth_manager.gate.answers import Answer, Header, refused
from auth_manager.gate.decide import Reason, Refused, is_own_origin
from auth_manager.gate.forwarded import RESERVED, Target
from auth_manager.gate.pages import Link
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import Route

_PASSING = frozenset({"requested", "deploying", "sleeping", "waking"})  # states that become `running` by themselves
_NO_STORE = (b"cache-control", b"no-store")
_PLAIN = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), _NO_STORE)


@dataclass(frozen=True, slots=True)
class Words:
    """A refusal said: `code` for programs, `title` and `lines` for people, `retry` in seconds (0: do not)."""

    status: int
    code: str
    title: str
    lines: Sequence[str]
    retry: int = 0
    refresh: bool = False
    link: Link | None = None
    sign_in: str | None = None
    headers: Sequence[Header] = ()


def refuse(site: Site, target: Target, decision: Refused) -> Answer:
    """The answer of a refused decision; its status and words by reason."""
    return say(site, target, decision.route, _words(site, target, decision))


def say(site: Site, target: Target, route: Route | None, words: Words) -> Answer:
    """The words as a page for a person's navigation, else as JSON."""
    headers = [*_PLAIN, *words.headers, *_cors(site, target, route)]
    if words.retry:
        headers.append((b"retry-after", str(words.retry).encode()))
    if not target.navigation or target.our_bearer:  # whoever sends a token is a program
        return _as_json(words, headers)
    policy = pages.POLICY if target.framed else pages.UNFRAMED
    headers += [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", policy.encode())]
    refresh = words.retry if words.refresh else 0
    body = pages.page(words.status, words.title, words.lines, link=words.link, refresh=refresh)
    return refused(words.status, headers, body)


def bad_request(status: int, code: str, message: str) -> Answer:
    """A refusal before there is a target to speak of: always JSON."""
    return _as_json(Words(status, code, "", [message]), [*_PLAIN])


def start_url(site: Site, host: str, back: str, *, anew: bool = False) -> str:
    """Where a hand-off for that host begins; it leads to the sign-in page and then `back`."""
    url = f"{site.origin(host)}{RESERVED}/start?back={way_back.quoted(back)}"
    return f"{url}&anew=1" if anew else url


def _as_json(words: Words, headers: list[Header]) -> Answer:
    value = {"error": words.code, "message": " ".join(line for line in words.lines if line)}
    if words.sign_in is not None:
        value["sign_in"] = words.sign_in
    body = json.dumps(value, ensure_ascii=False).encode()
    return refused(words.status, [*headers, (b"content-type", b"application/json")], body)


def _cors(site: Site, target: Target, route: Route | None) -> list[Header]:
    """So that a dashboard's script can read why its API refused it."""
    if target.origin is None or route is None:
        return []
    if not is_own_origin(site, target, route):
        return [(b"vary", b"Origin")]
    return [
        (b"access-control-allow-origin", target.origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def _words(site: Site, target: Target, decision: Refused) -> Words:
    match decision.reason:
        case Reason.TOO_MANY_COOKIES:
            lines = ["Your browser sent more cookies than fit. It has been told to forget them; load the page again."]
            clear = (b"clear-site-data", b'"cookies"')
            return Words(431, "cookies_too_large", "Too many cookies", lines, headers=[clear])
        case Reason.REDIS_SILENT | Reason.NOT_LOADED:
            code = "unavailable" if decision.reason is Reason.REDIS_SILENT else "not_loaded"
            lines = [
                "Innkeeper cannot look up who may enter just now. Nothing is lost; this page tries again by itself."
            ]
            return Words(503, code, "One moment, please", lines, retry=1, refresh=True)
        case Reason.UNKNOWN_HOST:
            link = Link(site.portal, "Go to my stacks")
            line = f"There is no stack at {target.host}."
            return Words(404, "unknown_host", "Nobody lives here", [line], link=link)
        case Reason.UNKNOWN_PAGE:
            return Words(404, "not_found", "No such page", ["There is nothing at this address."])
        case Reason.OUR_BEARER:
            line = "API keys and login tokens are not accepted here yet: exchange a login token for a session."
            challenge = (b"www-authenticate", b'Bearer error="invalid_token"')
            return Words(401, "bearer_refused", "Not accepted", [line], sign_in=site.portal, headers=[challenge])
        case Reason.SIGNED_OUT | Reason.FRAMED:
            return _sign_in(site, target, decision.route)
        case Reason.FOREIGN_SESSION:
            return _no_share(site, decision, "foreign_session", "Your session belongs to another address.")
        case Reason.NO_SHARE:
            return _no_share(site, decision)
        case Reason.FOREIGN_ORIGIN:
            lines = ["Another site's page asked for this in your name. It was stopped; nothing was done."]
            return Words(403, "foreign_origin", "Asked from elsewhere", lines)
        case Reason.NOT_RUNNING:
            return _not_running(site, decision)


def _sign_in(site: Site, target: Target, route: Route | None) -> Words:
    # The portal begins the hand-off by a POST to this host, which an app's service worker does not answer itself.
    left = len(route.hosts) - 1 if route else 0
    back = way_back.quoted(_page_of(site, target, route))
    url = f"{site.portal}/enter?host={target.host}&back={back}&left={left}"
    lines = ["You are signed out, or your session has ended."]
    link = Link(url, "Sign in in a new tab", new_tab=True)
    return Words(401, "signed_out", "Please sign in", lines, link=link, sign_in=url)


def _page_of(site: Site, target: Target, route: Route | None) -> str:
    """Where a person goes after signing in: the framed page itself, else the page whose script has asked."""
    if route is None or target.navigation:
        return way_back.wanted(site, target)
    return way_back.checked(site, route, route.hosts[0] if route.hosts else target.host, target.referer)


def _no_share(site: Site, decision: Refused, code: str = "no_share", first: str = "") -> Words:
    user = decision.session.user if decision.session else "nobody"
    owner = decision.route.user if decision.route else "its owner"
    lines = [
        first,
        f"You are signed in as {user}, and this stack is {owner}'s.",
        f"To be let in, ask {owner} to share it with you.",
    ]
    link = Link(site.portal, "Go to my stacks")
    return Words(403, code, "This is someone else's stack", [line for line in lines if line], link=link)


def _not_running(site: Site, decision: Refused) -> Words:
    route = decision.route
    state, reason = (route.state, route.reason) if route else ("unknown", "")
    passing = state in _PASSING
    lines = [f"Its state is “{state}”." if not reason else f"Its state is “{state}”: {reason}"]
    lines.append("This page shows it as soon as it is ready." if passing else "")
    title = "Your stack is being made ready" if passing else "This stack is not running"
    link = None if passing else Link(site.portal, "See my stacks")
    if route is not None and state == "stopped":
        lines.append(f"An operator can start it: innkeeper stacks start {route.name}")
        if decision.session is not None and decision.session.user_id == route.user_id:
            link = Link(f"{site.portal}/stacks/{route.stack_id}", "Follow it in my stacks")  # that page updates itself
    return Words(503, f"stack_{state}", title, lines, retry=2 if passing else 30, refresh=passing, link=link)
