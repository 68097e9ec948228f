"""Passwords: which are good enough, their hashes, and the bound on hashing."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, extract_parameters

from auth_manager.errors import Busy, FieldRefused
from auth_manager.users.password import COMMON, MAX_LENGTH, Passwords, check_password

from .conftest import CHEAP, PASSWORD


class SlowHasher(PasswordHasher):
    """Argon2 that waits to be let go, so that a test knows what is at work."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()
        self.go.set()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.go.wait(10)
        return super().hash(password, salt=salt)


@pytest.fixture
def slow() -> Iterator[SlowHasher]:
    hasher = SlowHasher()
    yield hasher
    hasher.go.set()


class TestCheck:
    @pytest.mark.parametrize("good", ["8 signs!", "x" * 1023 + "y", "пароль-и-ещё", " leading and trailing ", PASSWORD])
    def test_good_ones_are_taken_as_they_are(self, good: str) -> None:
        """Length 8 to 1,024, any characters, space included and kept."""
        assert good == check_password(good)

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            "7 signs",
            "x" * 1025,
            "password",
            "PassWord123",
            "ｐａｓｓｗｏｒｄ",
            "12345678",
            "zzzzzzzzzz",
            "half \ud800 of one",
        ],
    )
    def test_bad_ones_are_refused_without_being_told(self, bad: str) -> None:
        """Too short, too long, among the common ones in any case, or no text: refused, and the words hide it."""
        with pytest.raises(FieldRefused) as refused:
            check_password(bad)

        assert "password" == refused.value.field
        assert bad in ("", "password") or bad not in str(refused.value)

    def test_the_common_ones_could_otherwise_pass(self) -> None:
        """Each common password is listed in lower case and long enough that only the list refuses it."""
        common = COMMON.read_text(encoding="utf-8").split()

        assert len(common) > 500
        assert common == sorted(set(common))
        assert [] == [word for word in common if len(word) < 8 or word != word.casefold()]


class TestHashes:
    async def test_a_hash_is_of_its_password_alone(self, passwords: Passwords) -> None:
        """The password verifies, another and a longer one do not, and two hashes of one password differ."""
        secret = await passwords.hash(PASSWORD)

        assert await passwords.verify(secret, PASSWORD)
        assert not await passwords.verify(secret, PASSWORD + "!")
        assert not await passwords.verify(secret, "")
        assert secret != await passwords.hash(PASSWORD)

    async def test_the_tail_beyond_the_limit_is_not_ignored(self, passwords: Passwords) -> None:
        """A text longer than any password never verifies, even when its beginning is one."""
        secret = await passwords.hash("x" * MAX_LENGTH)

        assert await passwords.verify(secret, "x" * MAX_LENGTH)
        assert not await passwords.verify(secret, "x" * MAX_LENGTH + "y")

    async def test_it_is_the_same_password_on_every_keyboard(self, passwords: Passwords) -> None:
        """An accent typed as one character or as two is the same password."""
        assert await passwords.verify(await passwords.hash("caf\u00e9 au lait"), "cafe\u0301 au lait")

    async def test_nobodys_password_never_verifies(self, passwords: Passwords) -> None:
        """Where there is no user the answer is no, whatever is typed."""
        for typed in ("", PASSWORD, "\ud800", "x" * 5000):
            assert not await passwords.verify_unknown(typed)

    @pytest.mark.parametrize("broken", ["", "!", "$argon2id$v=19$m=8,t=1,p=1$broken", "plain text"])
    async def test_a_broken_hash_opens_to_nobody(self, passwords: Passwords, broken: str) -> None:
        """A damaged row refuses; it does not crash the sign-in."""
        assert not await passwords.verify(broken, PASSWORD)

    async def test_argon2id_with_the_parameters_of_rfc_9106(self) -> None:
        """Hashes are Argon2id with 64 MiB and three passes, and older parameters are noticed."""
        passwords = Passwords()
        secret = await passwords.hash(PASSWORD)
        passwords.close()

        parameters = extract_parameters(secret)
        assert secret.startswith("$argon2id$")
        assert (65536, 3, 4) == (parameters.memory_cost, parameters.time_cost, parameters.parallelism)
        assert passwords.needs_rehash(CHEAP.hash(PASSWORD))
        assert not passwords.needs_rehash(secret)


class TestBound:
    async def test_more_than_can_wait_is_refused(self, slow: SlowHasher) -> None:
        """With one at work and two waiting the fourth is Busy, with seconds to wait; later there is room again."""
        passwords = Passwords(threads=1, waiting=2, hasher=slow)
        slow.go.clear()
        taken = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(3)]
        await asyncio.sleep(0)

        with pytest.raises(Busy) as busy:
            await passwords.verify_unknown(PASSWORD)
        slow.go.set()
        await asyncio.gather(*taken)

        assert 2 == busy.value.retry_after
        assert not await passwords.verify_unknown(PASSWORD)
        passwords.close()

    async def test_who_hangs_up_gives_no_room_before_the_work_is_done(self, slow: SlowHasher) -> None:
        """Cancelling what is at work frees nothing; cancelling what waits frees its place; none is lost."""
        passwords = Passwords(threads=1, waiting=1, hasher=slow)
        slow.go.clear()
        working, waiting = (asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(2))
        await asyncio.sleep(0.05)
        working.cancel()
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await passwords.hash(PASSWORD)
        waiting.cancel()
        await asyncio.sleep(0)
        follower = asyncio.create_task(passwords.hash(PASSWORD))
        await asyncio.sleep(0)
        slow.go.set()

        assert await passwords.verify(await follower, PASSWORD)
        await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(2)))
        passwords.close()

    async def test_the_event_loop_goes_on_meanwhile(self, slow: SlowHasher) -> None:
        """While a password is hashed, other requests are answered."""
        passwords = Passwords(threads=1, hasher=slow)
        slow.go.clear()
        hashing = asyncio.create_task(passwords.hash(PASSWORD))
        await asyncio.sleep(0.01)
        slow.go.set()

        assert await hashing
        passwords.close()
