"""What the gate believes of Redis: sealed values under their own key, nothing else."""

import httpx
from redis.asyncio import Redis

from auth_manager.gate.reading import Opened, Reader
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from stack_deployer.contract.bus import ROUTES_LOADED, grant_key, route_key
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import Sealer
from tests.unit.auth_manager.gate.conftest import World
from tests.unit.auth_manager.gate.examples import HOSTS, ROUTE, forwarded

ROUTES, GRANTS, KEY = Sealer(b"r" * 32, "route"), Sealer(b"g" * 32, "grant"), route_key(ROUTE.host)


def reader(redis: Redis) -> Reader:
    """A reader of that Redis."""
    sessions = Sessions(redis, Sealer(b"s" * 32, "session"), Lifetimes(60, 600))
    return Reader(redis, ROUTES, GRANTS, sessions)


async def test_absent(redis: Redis) -> None:
    """An empty Redis has no route, no session, and says that nothing is loaded."""
    reading = await reader(redis).read(ROUTE.host, "s" * 43)

    assert (False, None, None, None) == (reading.routes_loaded, reading.route, reading.session, reading.role)


async def test_route_and_marker(redis: Redis) -> None:
    """A sealed route and the sealed marker are believed."""
    await redis.mset({
        KEY: ROUTES.seal(KEY, ROUTE.to_value()), ROUTES_LOADED: ROUTES.seal(ROUTES_LOADED, {"at": 1.0})
    })  # fmt: skip
    reading = await reader(redis).read(ROUTE.host, None)

    assert (True, ROUTE) == (reading.routes_loaded, reading.route)


async def test_a_writer_in_redis_mints_nothing(redis: Redis) -> None:
    """A value without our MAC, of another key or of another shape is absent, the marker too."""
    stranger = Sealer(b"x" * 32, "route")
    for value in (
        b"", b"{}", stranger.seal(KEY, ROUTE.to_value()), ROUTES.seal("route:other", ROUTE.to_value()),
        ROUTES.seal(KEY, {"host": ROUTE.host}), ROUTES.seal(KEY, {**ROUTE.to_value(), "more": 1}),
        GRANTS.seal(KEY, ROUTE.to_value()),
    ):  # fmt: skip
        await redis.mset({KEY: value, ROUTES_LOADED: stranger.seal(ROUTES_LOADED, {"at": 1.0})})
        reading = await reader(redis).read(ROUTE.host, None)

        assert (False, None) == (reading.routes_loaded, reading.route)


def test_opened_values_are_remembered_by_their_bytes() -> None:
    """The same bytes open to the same value; changed ones are opened anew, and forged ones are not covered by it."""
    opened = Opened(ROUTES, Route.from_value)
    raw = ROUTES.seal(KEY, ROUTE.to_value())
    first = opened.open(KEY, raw)

    assert first is opened.open(KEY, bytes(bytearray(raw)))
    assert opened.open(KEY, raw[:-1] + b" ") is None
    assert opened.open("route:other", raw) is None
    assert opened.open(KEY, None) is None


async def test_share_through_the_gate(traefik: httpx.AsyncClient, world: World) -> None:
    """A share lets in from the next request, its end keeps out from the next, and a forged one never lets in."""
    cookie = await world.enter(await world.sign_in("u-bob", "bob"))
    asked = forwarded(cookie=cookie)
    assert 403 == (await traefik.get("/auth", headers=asked)).status_code

    await world.grants.write(ROUTE.stack_id, "u-bob", "viewer")
    answer = await traefik.get("/auth", headers=asked)
    assert (200, "bob", "viewer") == (answer.status_code, answer.headers["x-auth-user"], answer.headers["x-auth-role"])

    sealed = await world.redis.get(grant_key(ROUTE.stack_id, "u-bob"))
    await world.grants.drop(ROUTE.stack_id, "u-bob")
    assert 403 == (await traefik.get("/auth", headers=asked)).status_code

    eve = forwarded(cookie=await world.enter(await world.sign_in("u-eve", "eve")))
    await world.redis.set(grant_key(ROUTE.stack_id, "u-eve"), sealed or b"")
    assert 403 == (await traefik.get("/auth", headers=eve)).status_code


async def test_signed_out_from_the_next_request(traefik: httpx.AsyncClient, world: World) -> None:
    """When the SSO session ends, so does every host session of it, from the next request."""
    sso = await world.sign_in()
    asked = forwarded(cookie=await world.enter(sso))
    assert 200 == (await traefik.get("/auth", headers=asked)).status_code

    assert [HOSTS[0]] == await world.sessions.end(sso)

    assert 401 == (await traefik.get("/auth", headers=asked)).status_code
