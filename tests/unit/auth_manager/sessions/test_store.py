"""Sessions started, read and kept alive, on a real Redis."""

import dataclasses
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_manager.sessions.session import Lifetimes, idle_key, session_key
from auth_manager.sessions.store import Sessions
from stack_deployer.contract import bus
from stack_deployer.contract.seal import Sealer
from tests.conftest import run_redis
from tests.unit.auth_manager.sessions.conftest import KEY, Clock, read

HOST = "user1.inn.localhost"


async def test_the_cookie_s_secret_opens_the_session(sessions: Sessions, clock: Clock) -> None:
    """Who signed in is found by the secret, with their cap counted from sign-in."""
    secret, started = await sessions.start_sso("id1", "user1", "user1@example.com")

    assert started == await sessions.sso(secret)
    assert (started.user_id, started.user, started.email) == ("id1", "user1", "user1@example.com")
    assert (clock.now, clock.now + 43_200) == (started.created, started.expires)
    assert started.sso == started.digest == bus.digest(secret)


async def test_every_sign_in_has_a_new_id(sessions: Sessions) -> None:
    """Signing in twice gives two secrets, so that a planted cookie is worth nothing (session fixation)."""
    first, _ = await sessions.start_sso("id1", "user1", "")
    second, _ = await sessions.start_sso("id1", "user1", "")

    assert first != second


async def test_redis_never_holds_the_secret(sessions: Sessions, redis: Redis) -> None:
    """Neither keys nor values have the secrets of cookies in them."""
    secret, sso = await sessions.start_sso("id1", "user1", "")
    host_secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")
    assert host_secret is not None

    kept = b"".join([key + (await redis.dump(key) or b"") async for key in redis.scan_iter()])

    assert secret.encode() not in kept
    assert host_secret.encode() not in kept


async def test_every_key_expires(sessions: Sessions, redis: Redis) -> None:
    """Nothing of a session stays in Redis for ever, and the sealed values go at the cap."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")
    assert secret is not None

    lives = {key: await redis.ttl(key) async for key in redis.scan_iter()}

    assert {"sso", "idle", "host", "family", "user"} == {key.decode().partition(":")[0] for key in lives}
    assert all(0 < life <= 43_200 for life in lives.values())
    assert all(life <= 3600 for key, life in lives.items() if key.startswith(b"idle:"))


async def test_a_host_session_names_its_host_and_stack(sessions: Sessions, redis: Redis, clock: Clock) -> None:
    """It carries who, where and which stack, and ends when the SSO session ends however late it began."""
    _, sso = await sessions.start_sso("id1", "user1", "a@b.example")
    clock.now += 1000
    secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")
    assert secret is not None
    own = bus.digest(secret)

    session = sessions.open("host", own, await read(redis, f"host:{own}"), await read(redis, f"idle:{own}"))

    assert session is not None
    assert ("host", own, sso.digest, HOST, "st1") == (
        session.kind, session.digest, session.sso, session.host, session.stack_id,
    )  # fmt: skip
    assert (sso.user_id, sso.user, sso.email) == (session.user_id, session.user, session.email)
    assert sso.expires == session.expires


async def test_without_an_sso_session_there_is_no_host_session(sessions: Sessions, redis: Redis) -> None:
    """A digest that Redis does not know makes nothing."""
    assert await sessions.start_host("0" * 64, host=HOST, stack_id="st1") is None
    assert await redis.dbsize() == 0


@pytest.mark.parametrize("secret", ["", "unknown", "\udcff", "é", "x" * 100_000])
async def test_a_foreign_cookie_is_no_session(sessions: Sessions, secret: str) -> None:
    """Whatever a browser sends as its cookie is no session, and no error."""
    assert await sessions.sso(secret) is None


async def test_a_host_session_s_secret_is_no_sso_session(sessions: Sessions) -> None:
    """The cookie of a stack's host does not open the portal."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")
    assert secret is not None

    assert await sessions.sso(secret) is None


async def test_the_absolute_cap_ends_a_session(sessions: Sessions, clock: Clock) -> None:
    """At its last second it lives, then not, though Redis still has it."""
    secret, session = await sessions.start_sso("id1", "user1", "")

    clock.now = session.expires - 0.001
    assert await sessions.sso(secret) is not None
    clock.now = session.expires
    assert await sessions.sso(secret) is None
    assert await sessions.start_host(session.digest, host=HOST, stack_id="st1") is None


async def test_an_idle_session_is_over(sessions: Sessions, redis: Redis) -> None:
    """Without its idle key a session opens no more and begets none, though its value is there."""
    secret, session = await sessions.start_sso("id1", "user1", "")
    await redis.delete(idle_key(session.digest))

    assert await sessions.sso(secret) is None
    assert await sessions.start_host(session.digest, host=HOST, stack_id="st1") is None


async def test_a_forged_value_is_no_session(sessions: Sessions, redis: Redis) -> None:
    """A value sealed by a writer in Redis who has not the key does not open."""
    _, session = await sessions.start_sso("id1", "user1", "")
    own = bus.digest("planted")
    planted = dataclasses.replace(session, digest=own, sso=own, user_id="victim")
    key = session_key("sso", own)
    await redis.set(key, Sealer(b"x" * 32, "session").seal(key, planted.to_value()))
    await redis.set(idle_key(own), b"1")

    assert await sessions.sso("planted") is None


async def test_a_moved_value_is_no_session(sessions: Sessions, redis: Redis) -> None:
    """A genuine value copied to another key, or from SSO to host, does not open there."""
    _, session = await sessions.start_sso("id1", "user1", "")
    genuine = await read(redis, session_key("sso", session.digest))
    assert genuine is not None
    own = bus.digest("planted")
    await redis.set(session_key("sso", own), genuine)
    await redis.set(idle_key(own), b"1")

    assert await sessions.sso("planted") is None
    assert sessions.open("host", session.digest, genuine, b"1") is None


@pytest.mark.parametrize("raw", [None, b"", b"x", b"x" * 31, b"x" * 500])
def test_a_broken_value_is_no_session(sessions: Sessions, raw: bytes | None) -> None:
    """Nothing that Redis may return for a session's key raises or passes."""
    assert sessions.open("sso", "0" * 64, raw, b"1") is None


async def test_touch_extends_idle_time_of_session_and_sso(sessions: Sessions, redis: Redis) -> None:
    """Use of a stack's host keeps the portal's session alive too, whose end would strand it."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")
    assert secret is not None
    own = bus.digest(secret)
    session = sessions.open("host", own, await read(redis, f"host:{own}"), b"1")
    assert session is not None
    for key in (idle_key(own), idle_key(sso.digest)):
        await redis.expire(key, 100)

    await sessions.touch(session)

    assert await redis.ttl(idle_key(own)) > 100
    assert await redis.ttl(idle_key(sso.digest)) > 100


async def test_a_new_host_session_keeps_the_sso_session_alive(sessions: Sessions, redis: Redis) -> None:
    """The SSO session's idle time never ends before that of a host session made from it."""
    _, sso = await sessions.start_sso("id1", "user1", "")
    await redis.expire(idle_key(sso.digest), 100)

    secret = await sessions.start_host(sso.digest, host=HOST, stack_id="st1")

    assert secret is not None
    assert await redis.pttl(idle_key(sso.digest)) >= await redis.pttl(idle_key(bus.digest(secret)))


async def test_touch_writes_once_a_minute(sessions: Sessions, redis: Redis, clock: Clock) -> None:
    """A second touch within the minute does nothing; the next minute's does."""
    _, session = await sessions.start_sso("id1", "user1", "")
    await sessions.touch(session)
    await redis.expire(idle_key(session.digest), 100)

    clock.now += 59
    await sessions.touch(session)
    assert await redis.ttl(idle_key(session.digest)) <= 100
    clock.now += 1
    await sessions.touch(session)
    assert await redis.ttl(idle_key(session.digest)) > 100


async def test_a_short_idle_time_is_touched_oftener(redis: Redis, clock: Clock) -> None:
    """With an idle time of a minute a busy session does not lapse between two touches."""
    sessions = Sessions(redis, Sealer(KEY, "session"), Lifetimes(idle=60, cap=600), clock=clock)
    _, session = await sessions.start_sso("id1", "user1", "")
    await sessions.touch(session)
    await redis.expire(idle_key(session.digest), 10)

    clock.now += 15
    await sessions.touch(session)

    assert await redis.ttl(idle_key(session.digest)) > 10


async def test_touch_does_not_pass_the_cap(sessions: Sessions, redis: Redis, clock: Clock) -> None:
    """Near the cap the idle key gets what is left, past it nothing."""
    _, session = await sessions.start_sso("id1", "user1", "")
    clock.now = session.expires - 20
    await sessions.touch(session)
    assert await redis.ttl(idle_key(session.digest)) <= 20

    await redis.expire(idle_key(session.digest), 7)
    clock.now = session.expires + 100
    await sessions.touch(session)
    assert await redis.ttl(idle_key(session.digest)) <= 7


async def test_touched_sessions_do_not_fill_the_memory(
    sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered of touches is bounded, however many sessions there are; the longest unused goes first."""
    monkeypatch.setattr("auth_manager.sessions.store._TOUCHED_MAX", 3)
    started = [(await sessions.start_sso("id1", "user1", ""))[1] for _ in range(4)]
    for session in started[:3]:
        await sessions.touch(session)
    clock.now += 60
    await sessions.touch(started[1])
    await sessions.touch(started[3])

    assert [session.digest for session in (started[2], started[1], started[3])] == list(sessions._touched)


async def test_redis_gone_is_an_error_and_the_session_outlives_it(tmp_path: Path, clock: Clock) -> None:
    """Every way into Redis raises while it is down, and the same cookie works when its file is back."""
    with run_redis(tmp_path) as server:
        redis = server.connect()
        sessions = Sessions(redis, Sealer(KEY, "session"), Lifetimes(3600, 43_200), clock=clock)
        secret, session = await sessions.start_sso("id1", "user1", "")
    for call in (
        lambda: sessions.sso(secret),
        lambda: sessions.start_sso("id1", "user1", ""),
        lambda: sessions.start_host(session.digest, host=HOST, stack_id="st1"),
        lambda: sessions.touch(session),
        lambda: sessions.end(session.digest),
        lambda: sessions.end_user("id1"),
    ):
        with pytest.raises(RedisError):
            await call()
    with run_redis(tmp_path, port=server.port, password=server.password):
        assert session == await sessions.sso(secret)
        await redis.expire(idle_key(session.digest), 100)
        await sessions.touch(session)  # the failed one does not count

        assert await redis.ttl(idle_key(session.digest)) > 100
        await redis.aclose()
