"""The running gate, asked over TLS at its own port: by the peer it trusts, and by another."""

import asyncio
import socket
import ssl
import time
from dataclasses import replace

import httpx
import jwt
import pytest
from redis.asyncio import Redis

from auth_manager.sessions import assertion
from stack_deployer.contract.bus import ROUTES_LOADED
from tests.unit.auth_manager.gate.conftest import GateProcess, World
from tests.unit.auth_manager.gate.examples import HOSTS, ORIGIN, ROUTE, SITE, forwarded


async def test_own_user_passes_with_identity(traefik: httpx.AsyncClient, world: World, gate: GateProcess) -> None:
    """The stack's own user passes as owner; the app gets the identity, a checkable assertion and its own cookies."""
    cookie = await world.enter(await world.sign_in())

    answer = await traefik.get("/auth", headers=forwarded(cookie=f"a=1; {cookie}; b=2", x_auth_user="mallory"))

    assert (200, b"") == (answer.status_code, answer.content)
    given = {name: answer.headers[name] for name in ("x-auth-user", "x-auth-tenant", "x-auth-role", "remote-email")}
    assert ["alice", "acme", "owner", "alice@example.org"] == list(given.values())
    assert "a=1; b=2" == answer.headers["cookie"]
    assert "set-cookie" not in answer.headers
    key = jwt.PyJWK(assertion.jwks((gate.keys / "assertion.pem").read_bytes())["keys"][0])
    claims = jwt.decode(answer.headers["x-auth-assertion"], key, ["EdDSA"], audience=ROUTE.stack_id, issuer=SITE.portal)
    assert ("u-alice", HOSTS[0]) == (claims["sub"], claims["host"])


@pytest.mark.parametrize("uri", ["/", "/public/x"])
async def test_untrusted_peer(gate: GateProcess, world: World, uri: str) -> None:
    """A peer that is not on the list is refused, whatever it claims and whoever is signed in."""
    cookie = await world.enter(await world.sign_in())
    for host in (HOSTS[0], SITE.portal_host, SITE.domain):
        headers = [*forwarded(uri, host=host, cookie=cookie), ("X-Forwarded-For", "127.0.0.1")]
        async with gate.client(source="127.0.0.2") as stranger:
            answer = await stranger.get("/auth", headers=headers)

        assert (403, "untrusted_peer") == (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize("at", range(4))
async def test_forwarded_headers_come_once(traefik: httpx.AsyncClient, world: World, at: int) -> None:
    """A missing or repeated forwarded header is 400 and named."""
    headers = forwarded()
    for wrong in (headers[:at] + headers[at + 1 :], [*headers, headers[at]]):
        answer = await traefik.get("/auth", headers=wrong)

        assert 400 == answer.status_code
        assert headers[at][0].lower() in answer.json()["message"]


async def test_portal_passes_untouched(traefik: httpx.AsyncClient, world: World) -> None:
    """The portal's host passes with its cookies as sent and without identity."""
    headers = forwarded(host="AUTH.inn.test.:8080", cookie="__Host-ink_sso=x; a=1", authorization="Bearer ink_x")
    answer = await traefik.get("/auth", headers=headers)

    assert (200, "__Host-ink_sso=x; a=1") == (answer.status_code, answer.headers["cookie"])
    assert "Bearer ink_x" == answer.headers["authorization"]
    assert not [name for name in answer.headers if name.startswith(("x-auth", "remote"))]


async def test_bare_domain(traefik: httpx.AsyncClient, world: World) -> None:
    """The bare domain leads to the portal by an absolute URL."""
    answer = await traefik.get("/auth", headers=forwarded(host=SITE.domain))

    assert (302, f"{SITE.portal}/") == (answer.status_code, answer.headers["location"])


async def test_routes_not_loaded(traefik: httpx.AsyncClient, world: World) -> None:
    """Without the marker everything is 503 and comes back by itself, with a session too."""
    cookie = await world.enter(await world.sign_in())
    await world.redis.delete(ROUTES_LOADED)

    for host in (HOSTS[0], "nobody.inn.test"):
        answer = await traefik.get("/auth", headers=forwarded(host=host, cookie=cookie))
        assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
        assert "set-cookie" not in answer.headers


async def test_unknown_host(traefik: httpx.AsyncClient, world: World) -> None:
    """An unknown host is 404: a page for people, an object for programs."""
    headers = forwarded(host="nobody.inn.test")
    said, shown = [
        await traefik.get("/auth", headers=[*headers, ("Accept", accept)]) for accept in ("*/*", "text/html")
    ]

    assert [404, 404] == [said.status_code, shown.status_code]
    assert "unknown_host" == said.json()["error"]
    assert "<h1>Nobody lives here</h1>" in shown.text


async def test_public_and_preflight_pass_as_nobody(traefik: httpx.AsyncClient, world: World) -> None:
    """A public path and a preflight of an own host pass without identity, a signed-in user's too."""
    cookie = await world.enter(await world.sign_in())
    preflight = forwarded(method="OPTIONS", origin=ORIGIN, access_control_request_method="PUT")
    for headers in (forwarded("/public/x", cookie=cookie), preflight):
        answer = await traefik.get("/auth", headers=headers)

        assert 200 == answer.status_code
        assert not [name for name in answer.headers if name.startswith(("x-auth", "remote", "cookie"))]


async def test_program_without_session(traefik: httpx.AsyncClient, world: World) -> None:
    """A program without session gets 401 with the sign-in URL and no cookie."""
    answer = await traefik.get("/auth", headers=forwarded(method="POST", sec_fetch_mode="cors", origin=ORIGIN))

    assert (401, "signed_out") == (answer.status_code, answer.json()["error"])
    assert answer.json()["sign_in"].startswith(f"{SITE.portal}/enter?host={HOSTS[0]}&back=")
    assert ORIGIN == answer.headers["access-control-allow-origin"]
    assert "set-cookie" not in answer.headers


async def test_our_bearer(traefik: httpx.AsyncClient, world: World) -> None:
    """A key of ours is 401 JSON even for a navigation that has a session, never a redirect."""
    cookie = await world.enter(await world.sign_in())
    answer = await traefik.get("/auth", headers=forwarded(cookie=cookie, authorization="Bearer ink_x"))

    assert (401, "bearer_refused") == (answer.status_code, answer.json()["error"])


async def test_foreign_page(traefik: httpx.AsyncClient, world: World) -> None:
    """A page of another stack that acts with this user's cookie is refused."""
    cookie = await world.enter(await world.sign_in())
    answer = await traefik.get(
        "/auth", headers=forwarded(method="POST", cookie=cookie, origin="http://x.inn.test:8080")
    )

    assert (403, "foreign_origin") == (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize("state", ["deploying", "stopped"])
async def test_stack_not_running(traefik: httpx.AsyncClient, world: World, state: str) -> None:
    """A stack that does not run is 503 with its state."""
    await world.publish(replace(ROUTE, state=state))
    answer = await traefik.get("/auth", headers=forwarded(cookie=await world.enter(await world.sign_in())))

    assert (503, f"stack_{state}") == (answer.status_code, answer.json()["error"])
    assert "retry-after" in answer.headers


async def test_cookies_past_the_limit(traefik: httpx.AsyncClient, world: World) -> None:
    """More than 16 KB of cookies is 431, and the browser is told to forget them."""
    headers = [*forwarded(cookie="a=" + "x" * 9000), ("Cookie", "b=" + "x" * 9000)]
    answer = await traefik.get("/auth", headers=headers)

    assert (431, '"cookies"') == (answer.status_code, answer.headers["clear-site-data"])


async def test_cookies_of_any_bytes(traefik: httpx.AsyncClient, world: World) -> None:
    """An app's cookie that is no ASCII neither locks its user out nor is changed."""
    cookie = await world.enter(await world.sign_in())
    headers = [(name.encode(), value.encode()) for name, value in forwarded()]
    answer = await traefik.get("/auth", headers=[*headers, (b"Cookie", b"a=\xc3\xa9\xff; " + cookie.encode())])

    assert 200 == answer.status_code
    assert (b"cookie", b"a=\xc3\xa9\xff") in answer.headers.raw


async def test_random_expired_and_sso_cookies(traefik: httpx.AsyncClient, world: World) -> None:
    """A random secret, an idle session, and the SSO session's secret open no stack."""
    sso, session = await world.sessions.start_sso("u-alice", "alice", "")
    idle = await world.enter(session.digest)
    assert 200 == (await traefik.get("/auth", headers=forwarded(cookie=idle))).status_code
    for key in await world.redis.keys("idle:*"):
        await world.redis.delete(key)

    for cookie in (f"__Host-ink_stack={'r' * 43}", idle, f"__Host-ink_stack={sso}", f"__Host-ink_sso={sso}"):
        assert 401 == (await traefik.get("/auth", headers=forwarded(cookie=cookie))).status_code


async def test_redis_late(traefik: httpx.AsyncClient, world: World, redis: Redis) -> None:
    """A Redis that does not answer in time is 503 without Set-Cookie; afterwards the same cookie passes."""
    cookie = await world.enter(await world.sign_in())
    await redis.client_pause(1500)

    for uri in ("/", "/public", "/.innkeeper/enter?ticket=x", "/.innkeeper/start"):
        late = await traefik.get("/auth", headers=forwarded(uri, cookie=cookie, sec_fetch_mode="navigate"))
        assert (503, "1") == (late.status_code, late.headers["retry-after"])
        assert "set-cookie" not in late.headers
    portal = await traefik.get("/auth", headers=forwarded(host=SITE.portal_host))
    assert 200 == portal.status_code

    give_up = time.monotonic() + 10
    status = 0
    while status != 200 and time.monotonic() < give_up:
        status = (await traefik.get("/auth", headers=forwarded(cookie=cookie))).status_code
    assert 200 == status


async def test_health_and_ready(gate: GateProcess, world: World) -> None:
    """Alive is alive; ready is when the routes are there, and says what is missing. Anybody may ask."""
    async with gate.client(source="127.0.0.2") as anybody:
        assert 200 == (await anybody.get("/health")).status_code
        assert (200, {"ready": True}) == ((ready := await anybody.get("/ready")).status_code, ready.json())

        await world.redis.delete(ROUTES_LOADED)

        missing = {"ready": False, "missing": "routes"}
        assert (503, missing) == ((ready := await anybody.get("/ready")).status_code, ready.json())
        assert 404 == (await anybody.get("/")).status_code


def test_http2_is_negotiated(gate: GateProcess) -> None:
    """The gate speaks HTTP/2 over TLS, so that Traefik multiplexes on one connection."""
    context = ssl.create_default_context(cafile=str(gate.certificate))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", gate.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert "h2" == secure.selected_alpn_protocol()


async def test_http2_answer(gate: GateProcess, world: World) -> None:
    """Over HTTP/2, with a Cookie header a pair as Traefik sends them, the answer is the same."""
    cookie = await world.enter(await world.sign_in())
    asked = [*forwarded(cookie="a=1"), ("Cookie", cookie), ("Cookie", "b=2")]
    arguments = [part for name, value in asked for part in ("-H", f"{name}: {value}")]
    options = ("--silent", "--include", "--http2", "--cacert", str(gate.certificate))
    curl = await asyncio.create_subprocess_exec(
        "curl", *options, *arguments, f"{gate.url}/auth", stdout=asyncio.subprocess.PIPE
    )
    answer = (await curl.communicate())[0].decode()

    assert answer.startswith("HTTP/2 200")
    assert "x-auth-user: alice" in answer
    assert "\ncookie: a=1; b=2" in answer


async def test_log_keeps_secrets(gate: GateProcess, traefik: httpx.AsyncClient, world: World) -> None:
    """No session, nonce, ticket or credential of any request is in the gate's log."""
    await traefik.get(
        "/auth", headers=forwarded("/.innkeeper/enter?ticket=planted-t", cookie="__Host-ink_stack=planted-c")
    )
    await traefik.get("/auth", headers=forwarded(authorization="Bearer ink_planted", cookie="a=planted"))

    assert "planted" not in gate.log.read_text()
