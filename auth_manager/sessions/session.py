"""A session: the value that Redis keeps for a signed-in browser, its keys and its cookies."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["sso", "host"]

COOKIE_PREFIX = "__Host-ink_"  # what the gate strips before the app sees the Cookie header
COOKIE_SSO = f"{COOKIE_PREFIX}sso"
COOKIE_STACK = f"{COOKIE_PREFIX}stack"
COOKIE_NONCE = f"{COOKIE_PREFIX}nonce"
COOKIE_CSRF = f"{COOKIE_PREFIX}csrf"

# Without Domain, as the prefix demands (RFC 6265bis, 4.1.3.2); without Max-Age it ends with the browser.
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_COOKIE_VALUE = re.compile(r"[A-Za-z0-9._~-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives: `idle` seconds without a request, `cap` seconds in all."""

    idle: int
    cap: int

    def __post_init__(self) -> None:
        if self.idle < 1 or self.cap < 1:
            raise ValueError("a session lives for a second at least")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser on one host: the portal's (`sso`) or a stack's (`host`).

    `digest` stands for the secret in the cookie, `sso` is the digest of the SSO session it came from (its own, for
    one of that kind); `host` and `stack_id` are empty for the portal; `created` and `expires` are Unix times.
    """

    kind: Kind
    digest: str
    user_id: str
    user: str
    email: str
    sso: str
    host: str
    stack_id: str
    created: float
    expires: float

    def to_value(self) -> dict[str, Any]:
        """The plain value to seal."""
        return asdict(self)

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> "Session":
        """The session of a sealed value; raises TypeError for a foreign shape."""
        return cls(**value)


def session_key(kind: Kind, digest: str) -> str:
    """Where the sealed session is kept."""
    return f"{kind}:{digest}"


def idle_key(digest: str) -> str:
    """The key whose absence means that the session was idle for too long."""
    return f"idle:{digest}"


def set_cookie(name: str, value: str) -> str:
    """The Set-Cookie header's value; raises ValueError for what could break out of it."""
    if not _COOKIE_VALUE.match(value):
        raise ValueError(f"the value for {name} is not one of ours")
    return f"{name}={value}; {_ATTRIBUTES}"


def expire_cookie(name: str) -> str:
    """The Set-Cookie header's value that makes the browser forget the cookie."""
    return f"{name}=; Max-Age=0; {_ATTRIBUTES}"
