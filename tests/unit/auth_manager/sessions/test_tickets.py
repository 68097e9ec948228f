"""One-time tickets, on a real Redis."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_manager.sessions.tickets import Tickets
from stack_deployer.contract import bus
from stack_deployer.contract.seal import Sealer
from tests.conftest import run_redis
from tests.unit.auth_manager.sessions.conftest import KEY, Clock, warm


async def test_a_ticket_gives_its_value_once(tickets: Tickets) -> None:
    """The first to consume it gets what it carries, the next nothing."""
    secret = await tickets.issue("link", {"user_id": "id1"}, 3600)

    assert await tickets.consume("link", secret) == {"user_id": "id1"}
    assert await tickets.consume("link", secret) is None


async def test_of_a_hundred_at_once_one_gets_the_ticket(tickets: Tickets, redis: Redis) -> None:
    """A race for one ticket has exactly one winner."""
    secret = await tickets.issue("enter", {"user_id": "id1"}, 60)
    await warm(redis)

    answers = await asyncio.gather(*(tickets.consume("enter", secret) for _ in range(100)))

    assert [{"user_id": "id1"}] == [answer for answer in answers if answer is not None]


async def test_a_ticket_of_another_kind_opens_nothing(tickets: Tickets) -> None:
    """A sign-in link is no hand-off between hosts, and trying it as one does not use it up."""
    secret = await tickets.issue("link", {"user_id": "id1"}, 3600)

    assert await tickets.consume("enter", secret) is None
    assert {"user_id": "id1"} == await tickets.consume("link", secret)


async def test_looking_does_not_use_a_ticket_up(tickets: Tickets) -> None:
    """A ticket can be read as often as one likes until somebody uses it."""
    secret = await tickets.issue("link", {"user_id": "id1"}, 3600)

    assert [{"user_id": "id1"}] * 2 == [await tickets.look("link", secret) for _ in range(2)]
    assert await tickets.look("enter", secret) is None
    assert await tickets.consume("link", secret) is not None
    assert await tickets.look("link", secret) is None


async def test_a_late_ticket_opens_nothing(tickets: Tickets, clock: Clock) -> None:
    """At the end of its time it is worth nothing, though Redis still had it."""
    secret = await tickets.issue("enter", {}, 60)
    clock.now += 60

    assert await tickets.consume("enter", secret) is None


async def test_redis_forgets_an_unused_ticket(tickets: Tickets, redis: Redis) -> None:
    """Its key has the ticket's own time to live, and not the secret in its name."""
    secret = await tickets.issue("enter", {}, 60)

    assert [f"ticket:enter:{bus.digest(secret)}".encode()] == await redis.keys("*")
    assert 0 < await redis.ttl(f"ticket:enter:{bus.digest(secret)}") <= 60


async def test_a_forged_ticket_opens_nothing(tickets: Tickets, redis: Redis, clock: Clock) -> None:
    """A value sealed under another key, or for another purpose under the same key, is no ticket."""
    content = {"kind": "link", "value": {"user_id": "victim"}, "expires": clock.now + 60}
    key = f"ticket:{bus.digest('planted')}"
    for forger in (Sealer(b"x" * 32, "ticket"), Sealer(KEY, "session")):
        await redis.set(key, forger.seal(key, content))

        assert await tickets.consume("link", "planted") is None


async def test_a_moved_ticket_opens_nothing(tickets: Tickets, redis: Redis) -> None:
    """A genuine ticket copied to a key whose secret the copier knows does not open."""
    secret = await tickets.issue("link", {"user_id": "victim"}, 60)
    await redis.copy(f"ticket:enter:{bus.digest(secret)}", f"ticket:{bus.digest('planted')}")

    assert await tickets.consume("link", "planted") is None


@pytest.mark.parametrize("secret", ["", "unknown", "\udcff", "é"])
async def test_a_foreign_secret_opens_nothing(tickets: Tickets, secret: str) -> None:
    """Whatever stands in the query is no ticket, and no error."""
    assert await tickets.consume("enter", secret) is None


async def test_handoffs_are_counted_by_browser_and_host(tickets: Tickets, redis: Redis) -> None:
    """The count goes up for the same browser and host alone, and is forgotten 30 s after the first."""
    counts = [await tickets.handoffs(*of) for of in (("s", "a"), ("s", "a"), ("s", "b"), ("t", "a"), ("s", "a"))]

    assert [1, 2, 1, 1, 3] == counts
    assert 0 < await redis.ttl("handoffs:s:a") <= 30


async def test_a_further_handoff_does_not_prolong_the_count(tickets: Tickets, redis: Redis) -> None:
    """Else a browser that opens a tab every 20 s would never see the plain redirect again."""
    await tickets.handoffs("s", "a")
    await redis.expire("handoffs:s:a", 5)
    await tickets.handoffs("s", "a")

    assert await redis.ttl("handoffs:s:a") <= 5


async def test_redis_gone_is_an_error(tmp_path: Path) -> None:
    """A ticket that cannot be looked up is neither used nor unknown: the caller is told."""
    with run_redis(tmp_path) as server:
        redis = server.connect()
        tickets = Tickets(redis, Sealer(KEY, "ticket"))
        secret = await tickets.issue("link", {}, 60)
    with pytest.raises(RedisError):
        await tickets.consume("link", secret)
    with pytest.raises(RedisError):
        await tickets.issue("link", {}, 60)
    with pytest.raises(RedisError):
        await tickets.handoffs("s", "a")
    await redis.aclose()
