"""Facts about routes in a real Redis: sealed, complete, and only then marked."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from stack_deployer.contract import bus
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import SealBroken, Sealer
from stack_deployer.contract.wanted import Goal, Wanted
from stack_deployer.plan import Exposure
from stack_deployer.publish.routes import Routes, of, state
from tests.conftest import free_port

SEALER = Sealer(b"k" * 32, "route")
HOSTS = ("user1.inn.localhost", "api-user1.inn.localhost")
STACK = Wanted(
    id="0" * 32, user_id="u1", tenant_id="t1", user="user1", tenant="tenant1", name="user1-tenant1", template="hello",
    region="iad", machine_id="local", hosts=HOSTS, wanted="running", status="running", reason="", steps=(),
    attempts=0, try_after=0.0, created_at=0.0, updated_at=0.0,
)  # fmt: skip
EXPOSURE = Exposure(("dashboard", "dashboard"), ("/public",), ("https://other.example",), {"Remote-User": "user"})


async def read(redis: Any, host: str) -> Route:
    """What the gate would open."""
    key = bus.route_key(host)
    return Route.from_value(SEALER.open(key, await redis.get(key)))


async def test_route_says_whose_host_it_is(redis: Redis) -> None:
    """Each host has a route of its own, sealed for its own key, with owner, hosts and the template's rules."""
    await Routes(redis, SEALER).write(of(STACK, EXPOSURE))

    for host in HOSTS:
        route = await read(redis, host)
        assert (host, STACK.id, "u1", "running") == (route.host, route.stack_id, route.user_id, route.state)
        assert (HOSTS, ("/public",), {"Remote-User": "user"}) == (route.hosts, route.public, route.headers)


async def test_route_does_not_open_under_another_host(redis: Redis) -> None:
    """A writer in Redis who copies a route to another host moves nothing."""
    await Routes(redis, SEALER).write(of(STACK, EXPOSURE))
    raw: Any = await redis.get(bus.route_key(HOSTS[0]))
    await redis.set(bus.route_key("victim.inn.localhost"), raw)

    with pytest.raises(SealBroken):
        await read(redis, "victim.inn.localhost")


async def test_made_again_is_complete_and_marked(redis: Redis) -> None:
    """Making all again deletes what is no stack's, writes what is, and sets the marker; other keys are left."""
    routes = Routes(redis, SEALER, clock=lambda: 5.0)
    await redis.mset({"route:old.inn.localhost": b"x", "sso:kept": b"y", "routes:other": b"z"})
    assert not await routes.loaded()
    await routes.make_again(of(STACK, EXPOSURE))

    assert await routes.loaded()
    assert [0, 1, 1] == [await redis.exists(key) for key in ("route:old.inn.localhost", "sso:kept", "routes:other")]
    marker: Any = await redis.get(bus.ROUTES_LOADED)
    assert {"at": 5.0} == SEALER.open(bus.ROUTES_LOADED, marker)


async def test_no_stacks_is_a_state_too(redis: Redis) -> None:
    """With no stack at all the marker is set: hosts are unknown then, not unloaded."""
    routes = Routes(redis, SEALER)
    await routes.make_again([])

    assert await routes.loaded()


async def test_marker_of_another_key_is_none(redis: Redis) -> None:
    """After the route key was changed nothing counts as loaded."""
    await Routes(redis, Sealer(b"o" * 32, "route")).make_again([])

    assert not await Routes(redis, SEALER).loaded()


async def test_drop_leaves_hosts_that_moved_on(redis: Redis) -> None:
    """A removed stack's routes go, but not one that another stack has by now; what cannot be read goes."""
    routes = Routes(redis, SEALER)
    await routes.write(of(replace(STACK, id="1" * 32, hosts=HOSTS[:1]), EXPOSURE))
    await redis.set(bus.route_key(HOSTS[1]), b"forged")
    await routes.drop(STACK.id, HOSTS)

    assert "1" * 32 == (await read(redis, HOSTS[0])).stack_id
    assert not await redis.exists(bus.route_key(HOSTS[1]))


async def test_redis_error_is_said() -> None:
    """Without Redis every call raises: nobody takes silence for done, or for not loaded."""
    redis = bus.connect("127.0.0.1", free_port(), deadline=0.2)
    routes = Routes(redis, SEALER)
    for call in (routes.loaded(), routes.write(of(STACK, EXPOSURE)), routes.make_again([]), routes.drop("x", HOSTS)):
        with pytest.raises(RedisError):
            await call
    await redis.aclose()


@pytest.mark.parametrize(
    ("goal", "status", "told"),
    [
        ("running", "running", "running"),
        ("running", "deploying", "deploying"),
        ("running", "failed", "failed"),
        ("stopped", "running", "stopped"),
        ("stopped", "stopped", "stopped"),
        ("removed", "running", "removing"),
        ("removed", "failed", "removing"),
    ],
)
def test_gate_is_never_told_running_of_what_is_to_end(goal: Goal, status: str, told: str) -> None:
    """From the moment that somebody asks for an end, nobody is let in, whatever the worker has done of it."""
    assert told == state(replace(STACK, wanted=goal, status=status))


def test_reason_is_told_of_a_failure_alone_and_short() -> None:
    """The gate's page shows why a stack failed, without the service's log lines."""
    failed = replace(STACK, status="failed", reason="dashboard does not answer\nTraceback: planted")
    waiting = replace(STACK, status="deploying", reason="Waiting")

    assert ["dashboard does not answer"] * 2 == [route.reason for route in of(failed, EXPOSURE)]
    assert ["", ""] == [route.reason for route in of(waiting, EXPOSURE)]
