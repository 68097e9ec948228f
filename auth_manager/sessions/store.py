"""Sessions in Redis: started, read, kept alive, ended. A Redis error passes through: it is never "no session"."""

import math
import secrets
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis

from auth_manager.sessions import scripts
from auth_manager.sessions.session import Kind, Lifetimes, Session, idle_key, session_key
from stack_deployer.contract.bus import digest
from stack_deployer.contract.seal import SealBroken, Sealer

_SECRET_BYTES = 32
_TOUCH_EVERY = 60.0  # seconds
_TOUCHED_MAX = 10_000  # sessions remembered; a forgotten one is touched once more, no harm


class Sessions:
    """All sessions of the platform; `clock` gives Unix time, `random` a secret of so many bytes.

    Every method that talks to Redis raises RedisError when it is silent or gone.
    """

    def __init__(
        self,
        redis: Redis,
        sealer: Sealer,
        lifetimes: Lifetimes,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._redis = redis
        self._sealer = sealer
        self._lifetimes = lifetimes
        self._clock = clock
        self._random = random
        self._touched: dict[str, float] = {}
        self._start_host = redis.register_script(scripts.START_HOST)
        self._end = redis.register_script(scripts.END)
        self._end_user = redis.register_script(scripts.END_USER)

    async def start_sso(self, user_id: str, user: str, email: str) -> tuple[str, Session]:
        """Sign a browser in: the secret for its cookie, always a new one (session fixation), and the session."""
        secret, now, cap = self._random(_SECRET_BYTES), self._clock(), self._lifetimes.cap
        own = digest(secret)
        session = Session("sso", own, user_id, user, email, own, "", "", now, now + cap)
        key, of_user = session_key("sso", own), _user_key(user_id)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, self._sealer.seal(key, session.to_value()), ex=cap)
            pipe.set(idle_key(own), b"1", px=self._idle_ms(session))
            pipe.zremrangebyscore(of_user, "-inf", now)
            pipe.zadd(of_user, {own: session.expires})
            pipe.expire(of_user, cap)
            await pipe.execute()
        return secret, session

    async def start_host(self, sso_digest: str, *, host: str, stack_id: str) -> str | None:
        """Let the browser of an SSO session into one host of one stack: the secret for its cookie there.

        None when the SSO session has ended, even while this runs. It never outlives the SSO session.
        """
        sso = await self._read(sso_digest)
        if sso is None:
            return None
        secret, now = self._random(_SECRET_BYTES), self._clock()
        own = digest(secret)
        session = Session("host", own, sso.user_id, sso.user, sso.email, sso.digest, host, stack_id, now, sso.expires)
        key = session_key("host", own)
        keys = [session_key("sso", sso.digest), idle_key(sso.digest), _family_key(sso.digest), key, idle_key(own)]
        cap = max(1, int((sso.expires - now) * 1000))
        sealed = self._sealer.seal(key, session.to_value())
        made = await self._start_host(keys=keys, args=[sealed, cap, self._idle_ms(session), f"{own} {host}"])
        return secret if made else None

    async def sso(self, secret: str) -> Session | None:
        """The live SSO session of a cookie's secret; None for one that is ended, expired or forged."""
        return await self._read(digest(secret)) if secret.isascii() else None

    async def _read(self, sso_digest: str) -> Session | None:
        found: list[Any] = await self._redis.mget(session_key("sso", sso_digest), idle_key(sso_digest))
        return self.open("sso", sso_digest, *found)

    def open(self, kind: Kind, digest: str, raw: bytes | None, idle_raw: bytes | None) -> Session | None:
        """The live session of what Redis returned for its two keys; anything but a sound one is None."""
        if raw is None or idle_raw is None:
            return None
        session = self._unseal(kind, digest, raw)
        return session if session is not None and self._clock() < session.expires else None

    def _unseal(self, kind: Kind, digest: str, raw: bytes) -> Session | None:
        try:
            return Session.from_value(self._sealer.open(session_key(kind, digest), raw))
        except (SealBroken, TypeError):
            return None

    def due(self, session: Session) -> bool:
        """Whether `touch` has something to do, so that most requests need not ask."""
        every = min(_TOUCH_EVERY, self._lifetimes.idle / 4)  # else a busy session of a short idle time would lapse
        return self._clock() - self._touched.get(session.digest, -math.inf) >= every

    async def touch(self, session: Session) -> None:
        """Note that the session is in use, at most once a minute; never revives one that has ended."""
        if not self.due(session):
            return
        self._remember(session.digest, self._clock())
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for own in {session.digest, session.sso}:
                    pipe.pexpire(idle_key(own), self._idle_ms(session))
                await pipe.execute()
        except BaseException:
            self._touched.pop(session.digest, None)  # the next request tries again
            raise

    def _remember(self, digest: str, now: float) -> None:
        self._touched.pop(digest, None)
        if len(self._touched) >= _TOUCHED_MAX:
            del self._touched[next(iter(self._touched))]
        self._touched[digest] = now

    async def end(self, sso_digest: str) -> list[str]:
        """End an SSO session and all host sessions that came from it, at once; the hosts they were on, sorted.

        To be called with the digest of the cookie whether or not `sso` still opens it.
        """
        found = await self._end(args=[sso_digest])
        hosts = set()
        for own, raw in zip(found[::2], found[1::2], strict=True):
            session = self._unseal("host", own.decode(), raw)
            if session is not None and session.sso == sso_digest:  # sealed, so no stranger's host is visited
                hosts.add(session.host)
        return sorted(hosts)

    async def end_user(self, user_id: str) -> None:
        """End every session of a user, on all browsers; forbid new ones first."""
        await self._end_user(keys=[_user_key(user_id)])

    def _idle_ms(self, session: Session) -> int:
        left = min(self._lifetimes.idle, session.expires - self._clock())
        return max(1, int(left * 1000))


def _family_key(sso_digest: str) -> str:
    return f"family:{sso_digest}"


def _user_key(user_id: str) -> str:
    return f"user:{user_id}"
