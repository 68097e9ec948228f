"""What a running platform must do, a function each: it returns, or raises Failed with what is wrong.

In the order of TICKS; the later ones look with the eyes of the visitor whom the tick `login flow` signed in.
"""

import secrets
import ssl
from collections.abc import Callable
from typing import Any

import httpx

from auth_manager.gate.answers import AUTH_RESPONSE_HEADERS
from auth_manager.sessions.session import COOKIE_PREFIX, COOKIE_SSO, COOKIE_STACK
from innkeeper.checks.tour import Tour, expect

PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
IDENTITY = tuple(name for name in AUTH_RESPONSE_HEADERS if name not in ("Cookie", "Authorization"))


def redis(tour: Tour) -> None:
    """Redis takes a value and gives it back."""
    value = secrets.token_hex(8)
    expect(tour.through_redis(value) == value, "what was written did not come back")


def auth_manager(tour: Tour) -> None:
    """Gate and portal answer, each by itself, and have what they need."""
    trust = ssl.create_default_context(cafile=str(tour.platform.layout.ca / "ca.pem"))
    ports, host = tour.platform.record.ports, {"Host": tour.site.portal_host}
    with httpx.Client(verify=trust, trust_env=False, timeout=5.0) as client:
        for name, origin in (
            ("gate", f"https://127.0.0.1:{ports['gate']}"),
            ("portal", f"http://127.0.0.1:{ports['portal']}"),
        ):
            for path in ("/health", "/ready"):
                answer = client.get(origin + path, headers=host)
                expect(answer.status_code == 200, f"the {name}'s {path} answers {answer.status_code}: {answer.text}")


def traefik(tour: Tour) -> None:
    """Traefik has read its configuration without fault and knows the stack's hosts."""
    api = f"http://127.0.0.1:{tour.platform.record.ports['traefik_api']}/api/http"
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        routers, middlewares = (
            client.get(f"{api}/{kind}?per_page=10000").raise_for_status().json() for kind in ("routers", "middlewares")
        )
    for one in [*routers, *middlewares]:
        expect(one.get("status") == "enabled", f"{one.get('name')} is {one.get('status')}: {one.get('error')}")
    rules = " ".join(str(one.get("rule")) for one in routers)
    for host in (tour.site.portal_host, *tour.ground.stack.hosts):
        expect(f"Host(`{host}`)" in rules, f"there is no router for {host}")


def health(tour: Tour) -> None:
    """The portal is reached through Traefik, signed out."""
    for path in ("/health", "/ready"):
        answer = tour.nobody.get(tour.site.portal + path)
        expect(answer.status_code == 200, f"{tour.site.portal}{path} answers {answer.status_code}")


def login(tour: Tour) -> None:
    """A login token makes an SSO session, and one walk from it a session on every host of the stack."""
    tour.sign_in(tour.own, tour.ground.token)
    expect(tour.own.cookie(tour.site.portal_host, COOKIE_SSO), "the portal set no SSO cookie")
    url = tour.url("/echo")
    page = tour.own.visit(url)
    expect(page.status_code == 200 and str(page.url) == url, f"going to {url} ended with {said(page)} at {page.url}")
    for host in tour.ground.stack.hosts:
        expect(tour.own.cookie(host, COOKIE_STACK), f"there is no session on {host} after it")
    tour.signed_in = True


def forward_auth(tour: Tour) -> None:
    """The app learns who is calling: names, role, and an assertion that it could check."""
    stack = tour.ground.stack
    for host in stack.hosts:
        echo = tour.echo(host)
        expected = {"x-auth-user": stack.user, "x-auth-tenant": stack.tenant, "x-auth-role": "owner"}
        for name, value in expected.items():
            got = echo["headers"].get(name)
            expect(got == value, f"on {host} the header {name} is {got!r}; {value!r} is right")
        expect(echo["user"]["id"] == stack.user_id, f"the assertion on {host} names another user")


def another_user(tour: Tour) -> None:
    """Another signed-in user is refused on every host, as a person and as a program."""
    tour.sign_in(tour.stranger, tour.ground.stranger_token)
    for host in tour.ground.stack.hosts:
        page = tour.stranger.visit(tour.url("/", host))
        expect(page.status_code == 403, f"{tour.ground.stranger} on {host} gets {said(page)}; 403 is right")
        call = tour.stranger.get(tour.url("/echo", host), headers=PROGRAM)
        expect(call.status_code == 403, f"a program of {tour.ground.stranger} on {host} gets {said(call)}")


def signed_out(tour: Tour) -> None:
    """Without a session people are led to the portal and programs get 401; a made-up cookie changes nothing."""
    for host in tour.ground.stack.hosts:
        for cookie in ({}, {"Cookie": f"{COOKIE_STACK}={secrets.token_urlsafe(32)}"}):
            page = tour.nobody.visit(tour.url("/", host), follow=False, headers=cookie)
            leads = page.headers.get("Location", "").startswith(tour.site.portal)
            expect(page.status_code == 302 and leads, f"a browser on {host} gets {said(page)}, not the way to sign in")
            call = tour.nobody.get(tour.url("/echo", host), headers=PROGRAM | cookie)
            expect(call.status_code == 401 and "sign_in" in call.text, f"a program on {host} gets {said(call)}")


def spoofed(tour: Tour) -> None:
    """Identity headers from outside are gone or replaced, whatever their spelling."""
    mark = f"forged-{secrets.token_hex(6)}"
    forged = {spelling: mark for name in IDENTITY for spelling in spellings(name)}
    for name, value in tour.echo(tour.dashboard, forged)["headers"].items():
        expect(mark not in value, f"{name} reached the app as the visitor sent it")
    answer = tour.nobody.get(tour.url("/public/check"), headers=PROGRAM | forged)
    expect(mark not in answer.text, "a forged header reached the app on a public path")


def cookies(tour: Tour) -> None:
    """Our cookies stop at the gate; the app's own pass."""
    session = tour.own.cookie(tour.dashboard, COOKIE_STACK) or ""
    sent = {"Cookie": f"first=1; {COOKIE_STACK}={session}; last=2"}
    text = str(echo := tour.echo(tour.dashboard, sent))
    expect(session not in text and COOKIE_PREFIX not in text, "the cookie of the session reached the app")
    got = echo["headers"].get("cookie")
    expect(got == "first=1; last=2", f"the app's own cookies arrived as {got!r}")


def entry_point(tour: Tour) -> None:
    """The gate sits on the entry point: it is asked about hosts that no router knows, too."""
    host = f"check-{secrets.token_hex(6)}.{tour.site.domain}"
    answer = tour.nobody.get(tour.site.origin(host), headers=PROGRAM)
    told = answer.status_code == 404 and "error" in json_of(answer)
    expect(told, f"the unknown host {host} is answered {said(answer)}, not by the gate's 404")


def sign_out(tour: Tour) -> None:
    """Signing out ends the sessions of every host at once, though the browser kept the cookies."""
    kept = {host: tour.own.cookie(host, COOKIE_STACK) for host in tour.ground.stack.hosts}
    tour.echo(tour.dashboard)
    page = tour.own.visit(f"{tour.site.portal}/sign-out")
    done = tour.own.submit(page, {})
    expect(str(done.url) == f"{tour.site.portal}/signed-out", f"signing out ended with {said(done)} at {done.url}")
    for host, value in kept.items():
        call = tour.nobody.get(tour.url("/echo", host), headers=PROGRAM | {"Cookie": f"{COOKIE_STACK}={value}"})
        expect(call.status_code == 401, f"the old cookie on {host} still gets {said(call)}")


TICKS: tuple[tuple[str, Callable[[Tour], None]], ...] = (
    ("Redis is written and read", redis),
    ("auth manager: gate and portal answer", auth_manager),
    ("Traefik has its configuration", traefik),
    ("health through Traefik", health),
    ("login flow: session created", login),
    ("ForwardAuth validation: user headers returned", forward_auth),
    ("another user's stack refused", another_user),
    ("signed-out visitors refused", signed_out),
    ("spoofed headers removed", spoofed),
    ("cookie not seen by the app", cookies),
    ("gate on the entry point", entry_point),
    ("sign-out ends every session", sign_out),
)


def spellings(name: str) -> set[str]:
    """The header's name as proxies and backends have been led astray by it."""
    words = name.split("-")
    mixed = f"{words[0]}_{'-'.join(words[1:])}"
    return {name, name.lower(), name.upper(), "_".join(words), ".".join(words).lower(), mixed}


def said(answer: httpx.Response) -> str:
    """The status and the beginning of what was said."""
    text = " ".join(answer.text.split())[:120] if "json" in answer.headers.get("Content-Type", "") else ""
    return f"{answer.status_code} {text}".rstrip()


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The object in the answer's body; an empty one when there is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
