"""Sessions ended, and what races them, on a real Redis."""

import asyncio
import dataclasses
from typing import Any

import pytest
from redis.asyncio import Redis

from auth_manager.sessions.session import Session, idle_key, session_key
from auth_manager.sessions.store import Sessions
from stack_deployer.contract import bus
from stack_deployer.contract.seal import Sealer
from tests.unit.auth_manager.sessions.conftest import Clock, read, warm

HOST = "user1.inn.localhost"
API = "api-user1.inn.localhost"


async def _host_session(sessions: Sessions, redis: Redis, sso: Session, host: str = HOST) -> Session:
    secret = await sessions.start_host(sso.digest, host=host, stack_id="st1")
    assert secret is not None
    own = bus.digest(secret)
    session = sessions.open("host", own, await read(redis, session_key("host", own)), b"1")
    assert session is not None
    return session


async def _keys(redis: Redis, *prefixes: str) -> set[str]:
    keys = [key.decode() async for key in redis.scan_iter()]
    return {key for key in keys if key.startswith(prefixes)}


async def test_sign_out_ends_the_whole_browser(sessions: Sessions, redis: Redis) -> None:
    """SSO session and all host sessions are gone at once, and their hosts are told, each once."""
    secret, sso = await sessions.start_sso("id1", "user1", "")
    for host in (HOST, API, HOST):
        await _host_session(sessions, redis, sso, host)

    hosts = await sessions.end(sso.digest)

    assert [API, HOST] == hosts
    assert await sessions.sso(secret) is None
    assert set() == await _keys(redis, "sso:", "host:", "idle:", "family:")


async def test_sign_out_leaves_other_browsers(sessions: Sessions, redis: Redis) -> None:
    """The same user's session in another browser stays, and so do its host sessions."""
    _, here = await sessions.start_sso("id1", "user1", "")
    there_secret, there = await sessions.start_sso("id1", "user1", "")
    kept = await _host_session(sessions, redis, there)

    await sessions.end(here.digest)

    assert there == await sessions.sso(there_secret)
    assert await redis.exists(session_key("host", kept.digest), idle_key(kept.digest)) == 2


async def test_sign_out_works_after_the_idle_time(sessions: Sessions, redis: Redis) -> None:
    """A cookie that opens nothing any more still ends what is left of its host sessions."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    await _host_session(sessions, redis, sso)
    await redis.delete(idle_key(sso.digest))

    assert [HOST] == await sessions.end(sso.digest)
    assert set() == await _keys(redis, "sso:", "host:", "idle:", "family:")


async def test_ending_twice_or_the_unknown_is_harmless(sessions: Sessions) -> None:
    """There are no hosts to tell then."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    await sessions.end(sso.digest)

    assert [] == await sessions.end(sso.digest)
    assert [] == await sessions.end("0" * 64)


async def test_planted_hosts_are_not_visited(sessions: Sessions, redis: Redis) -> None:
    """A writer in Redis cannot make sign-out lead to a host of its own: only sealed host sessions are told of."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    session = await _host_session(sessions, redis, sso)
    evil = dataclasses.replace(session, digest="e" * 64, host="evil.example")
    key = session_key("host", evil.digest)
    await redis.set(key, Sealer(b"x" * 32, "session").seal(key, evil.to_value()))
    await redis.sadd(f"family:{sso.digest}", f"{evil.digest} evil.example", "", "broken")

    assert [HOST] == await sessions.end(sso.digest)


async def test_another_browser_s_host_is_not_told(sessions: Sessions, redis: Redis) -> None:
    """A host session of another family, planted into this one, is not among the hosts."""
    _, mine = await sessions.start_sso("id1", "user1", "")
    _, other = await sessions.start_sso("id2", "user2", "")
    foreign = await _host_session(sessions, redis, other, "user2.inn.localhost")
    await redis.sadd(f"family:{mine.digest}", f"{foreign.digest} {foreign.host}")

    assert [] == await sessions.end(mine.digest)


async def test_touch_never_resurrects(sessions: Sessions, redis: Redis, clock: Clock) -> None:
    """A late touch of a session that has ended leaves Redis as it is."""
    secret, sso = await sessions.start_sso("id1", "user1", "")
    session = await _host_session(sessions, redis, sso)
    await sessions.end(sso.digest)

    await sessions.touch(session)
    await sessions.touch(sso)

    assert set() == await _keys(redis, "sso:", "host:", "idle:", "family:")
    assert await sessions.sso(secret) is None


@pytest.mark.parametrize("attempt", range(10))
async def test_no_host_session_survives_a_sign_out_at_the_same_time(
    sessions: Sessions, redis: Redis, attempt: int
) -> None:
    """However hand-offs and sign-out fall together, no host session is left without its SSO session."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    await warm(redis)

    async def sign_out() -> None:
        await asyncio.sleep(attempt * 0.0005)
        await sessions.end(sso.digest)

    starts = [sessions.start_host(sso.digest, host=HOST, stack_id="st1") for _ in range(20)]
    await asyncio.gather(*starts[:10], sign_out(), *starts[10:])

    assert set() == await _keys(redis, "sso:", "host:", "idle:", "family:")
    assert await sessions.start_host(sso.digest, host=HOST, stack_id="st1") is None


async def test_a_sign_out_between_reading_and_writing_wins(sessions: Sessions, redis: Redis) -> None:
    """A hand-off that has read the SSO session as live makes nothing when that ends before it writes."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    make = sessions._start_host

    async def sign_out_first(**arguments: Any) -> Any:
        await sessions.end(sso.digest)
        return await make(**arguments)

    sessions._start_host = sign_out_first  # type: ignore[assignment]

    assert await sessions.start_host(sso.digest, host=HOST, stack_id="st1") is None
    assert set() == await _keys(redis, "sso:", "host:", "idle:", "family:")


async def test_an_idle_end_between_reading_and_writing_wins(sessions: Sessions, redis: Redis) -> None:
    """The same holds for an SSO session whose idle time runs out just then."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    make = sessions._start_host

    async def fall_idle_first(**arguments: Any) -> Any:
        await redis.delete(idle_key(sso.digest))
        return await make(**arguments)

    sessions._start_host = fall_idle_first  # type: ignore[assignment]

    assert await sessions.start_host(sso.digest, host=HOST, stack_id="st1") is None
    assert set() == await _keys(redis, "host:", "idle:", "family:")


async def test_sign_out_everywhere_ends_every_browser_of_one_user(sessions: Sessions, redis: Redis) -> None:
    """All sessions of the user are gone, those of another user stay."""
    _, other = await sessions.start_sso("id2", "user2", "")
    for _ in range(3):
        _, sso = await sessions.start_sso("id1", "user1", "")
        await _host_session(sessions, redis, sso)

    await sessions.end_user("id1")

    assert {f"sso:{other.digest}", f"idle:{other.digest}", "user:id2"} == await _keys(redis, "")


async def test_a_user_without_sessions_can_be_signed_out(sessions: Sessions) -> None:
    """Ending the sessions of a user who has none is no error."""
    await sessions.end_user("nobody")


async def test_expired_sessions_do_not_gather_under_the_user(sessions: Sessions, redis: Redis, clock: Clock) -> None:
    """A robot that signs in for years leaves only what can still be alive in the list of its sessions."""
    for _ in range(5):
        await sessions.start_sso("id1", "user1", "")
        clock.now += 43_200

    assert await redis.zcard("user:id1") == 1
