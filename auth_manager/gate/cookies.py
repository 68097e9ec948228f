"""The Cookie headers of a request: what is ours taken out, the rest for the app. Bytes throughout."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from auth_manager.sessions.session import COOKIE_NONCE, COOKIE_PREFIX, COOKIE_STACK

MAX_BYTES = 16 * 1024  # of all Cookie headers together
SECRET = re.compile(rb"[A-Za-z0-9_-]{43}")  # secrets.token_urlsafe(32)

_NONCE = re.compile(rb"([A-Za-z0-9_-]{43})\.([0-9])")
_PREFIX = COOKIE_PREFIX.encode()
_STACK = COOKIE_STACK.encode()
_NONCE_NAME = COOKIE_NONCE.encode()


@dataclass(frozen=True, slots=True)
class Nonce:
    """Binds tickets to this browser on this host; `tries` counts hand-offs that failed since the last that did not."""

    value: str = field(repr=False)
    tries: int = 0

    def text(self, tries: int) -> str:
        """The cookie's value with that many tries."""
        return f"{self.value}.{tries}"


@dataclass(frozen=True, slots=True)
class Jar:
    """A request's cookies: `all` as sent, `rest` without ours, the secret of our session, our nonce.

    When there were more than MAX_BYTES, `too_large` and nothing else.
    """

    all: bytes = field(default=b"", repr=False)
    rest: bytes = field(default=b"", repr=False)
    stack: str | None = field(default=None, repr=False)
    nonce: Nonce | None = None
    too_large: bool = False


EMPTY = Jar()


def parse(headers: Iterable[bytes]) -> Jar:
    """The jar of all Cookie headers of one request.

    Ours are known by their name's prefix wherever a `;` begins a pair, quoted or not: better to take too much
    from the app than to leave it our secret. Ours malformed, or twice with different values, count as absent.
    """
    whole = b"; ".join(headers)
    if not whole:
        return EMPTY
    if len(whole) > MAX_BYTES:
        return Jar(too_large=True)
    rest: list[bytes] = []
    ours: dict[bytes, set[bytes]] = {}
    for part in whole.split(b";"):
        pair = part.strip()
        if pair.startswith(_PREFIX):
            name, _, value = pair.partition(b"=")
            ours.setdefault(name.rstrip(), set()).add(value.strip())
        elif pair:
            rest.append(pair)
    stack = _only(ours, _STACK, SECRET)
    nonce = _only(ours, _NONCE_NAME, _NONCE)
    return Jar(
        all=whole,
        rest=b"; ".join(rest),
        stack=stack[0].decode() if stack else None,
        nonce=Nonce(nonce[1].decode(), int(nonce[2])) if nonce else None,
    )


def _only(ours: dict[bytes, set[bytes]], name: bytes, form: re.Pattern[bytes]) -> re.Match[bytes] | None:
    values = ours.get(name)
    return form.fullmatch(next(iter(values))) if values is not None and len(values) == 1 else None
