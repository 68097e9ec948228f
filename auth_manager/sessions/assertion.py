"""The assertion: a short-lived signed JWT (RFC 7519, EdDSA of RFC 8037) that tells the app who is calling."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.utils import base64url_encode

from auth_manager.sessions.session import Session
from stack_deployer.contract.route import Route

LIFE = 60  # seconds
_REMEMBERED = 4096  # assertions kept for use again


class Signer:
    """Signs assertions in the name of `issuer`, the portal's origin; `clock` gives Unix time.

    Raises ValueError when `pem` is not an Ed25519 key.
    """

    def __init__(self, pem: bytes, issuer: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = _load(pem)
        self._kid = _kid(self._key)
        self._issuer = issuer
        self._clock = clock
        self._made: dict[tuple[str, str, str, str], tuple[float, str]] = {}

    def sign(self, *, session: Session, route: Route, role: str) -> str:
        """The JWT for the app behind `route`; one not yet half through its life is given out again."""
        now = self._clock()
        which = (session.digest, route.stack_id, route.host, role)
        made_at, token = self._made.get(which, (0.0, ""))
        if token and 0 <= now - made_at < LIFE / 2:
            return token
        token = self._sign(session, route, role, int(now))
        self._made.pop(which, None)
        if len(self._made) >= _REMEMBERED:
            del self._made[next(iter(self._made))]
        self._made[which] = (now, token)
        return token

    def _sign(self, session: Session, route: Route, role: str, now: int) -> str:
        claims = {
            "iss": self._issuer, "aud": route.stack_id, "sub": session.user_id, "iat": now, "exp": now + LIFE,
            "user": session.user, "email": session.email, "tenant": route.tenant, "role": role, "host": route.host,
            "sxp": int(session.expires),  # the session's own end: a long-lived connection of the app ends by it
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._kid})


def make_key() -> bytes:
    """A new Ed25519 key: PEM, PKCS8, not encrypted; the file's mode protects it."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def jwks(pem: bytes) -> dict[str, Any]:
    """The public key of `pem` as a JWK set (RFC 7517), for apps to check assertions with."""
    key = _load(pem)
    public = {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(_raw_public(key)).decode()}
    return {"keys": [public | {"kid": _kid(key), "alg": "EdDSA", "use": "sig"}]}


def _load(pem: bytes) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the assertion key is not an Ed25519 key")
    return key


def _raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _kid(key: Ed25519PrivateKey) -> str:
    return hashlib.sha256(_raw_public(key)).hexdigest()[:16]
