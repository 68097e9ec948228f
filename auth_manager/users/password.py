"""Passwords: which are good enough, and their Argon2id hashes, made in a few threads with a bounded queue."""

import asyncio
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from auth_manager.errors import Busy, FieldRefused

MIN_LENGTH = 8  # characters; NIST SP 800-63B 5.1.1.2
MAX_LENGTH = 1024
COMMON = Path(__file__).with_name("common_passwords.txt")  # a line each, lower case
RETRY_AFTER = 2  # seconds

T = TypeVar("T")


@cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text(encoding="utf-8").split())


def check_password(text: str) -> str:
    """The password itself when it is good enough; raises FieldRefused, which does not say the password."""
    if len(text) < MIN_LENGTH:
        raise FieldRefused("password", f"the password is shorter than {MIN_LENGTH} characters")
    if len(text) > MAX_LENGTH:
        raise FieldRefused("password", f"the password is longer than {MAX_LENGTH} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FieldRefused("password", "the password is not Unicode text") from None
    if _normal(text).casefold() in _common() or len(set(text)) == 1:
        raise FieldRefused("password", "the password is among those that are guessed first; choose another")
    return text


def _normal(text: str) -> str:
    """The same characters for the same keys, whichever machine they are typed on (NIST SP 800-63B 5.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def _bytes(text: str) -> bytes:
    # Not more than a good password can have: nobody makes us hash megabytes. Halves of characters match nothing.
    return _normal(text[:MAX_LENGTH]).encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes and verifies; `threads` at a time, `waiting` more in the queue, then Busy.

    Each takes 64 MiB for some 50 ms: without a bound, a storm of sign-ins would take all memory.
    """

    def __init__(
        self,
        threads: int = 2,
        waiting: int = 32,
        *,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._room = threading.BoundedSemaphore(threads + waiting)
        self._nobody = self._hasher.hash(secrets.token_bytes())  # of nobody's password, made like all others

    async def hash(self, password: str) -> str:
        """The Argon2id hash to keep; raises Busy."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, secret: str, password: str) -> bool:
        """Whether the hash `secret` is of that password; raises Busy."""
        return await self._run(lambda: self._verify(secret, password))

    async def verify_unknown(self, password: str) -> bool:
        """False, after the work of `verify`, so that time does not tell who is a user; raises Busy."""
        await self._run(lambda: self._verify(self._nobody, password))
        return False

    def needs_rehash(self, secret: str) -> bool:
        """Whether the hash was made with other parameters than are in force now."""
        return self._hasher.check_needs_rehash(secret)

    def close(self) -> None:
        """End the threads when their work is done."""
        self._pool.shutdown()

    def _verify(self, secret: str, password: str) -> bool:
        try:
            matches = self._hasher.verify(secret, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return matches and len(password) <= MAX_LENGTH

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Busy(RETRY_AFTER)
        future: Future[T] = self._pool.submit(work)
        # Not when the waiting request ends: one that is cancelled still keeps its thread busy.
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)
