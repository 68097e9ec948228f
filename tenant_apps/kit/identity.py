"""Who is calling, from the assertion alone: headers can be written by whoever reaches the app."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

HEADER = "X-Auth-Assertion"
LEEWAY = 5.0  # seconds by which the clocks of gate and app may differ


class NotIdentified(Exception):
    """No assertion, or one that is not good here: forged, late, or made for another stack."""


@dataclass(frozen=True, slots=True)
class AuthUser:
    """The caller: stable id, handle, e-mail ("" when they have none), the stack's tenant, the role they have in it.

    `session_ends` is Unix time: a connection that stays open must end by then, for the gate asks once a connection.
    """

    id: str
    user: str
    email: str
    tenant: str
    role: str
    session_ends: float


def check(assertion: str, keys: Mapping[str, jwt.PyJWK], *, issuer: str | None, audience: str) -> AuthUser:
    """The caller that the assertion names (RFC 7519, EdDSA alone); raises NotIdentified.

    `audience` is this stack's id, `issuer` the portal's origin (None: any that holds the key).
    """
    try:
        kid = jwt.get_unverified_header(assertion).get("kid")
        key = keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise NotIdentified("the assertion is signed with a key that is not known here")
        claims = jwt.decode(
            assertion,
            key,
            algorithms=["EdDSA"],  # never the token's own choice: `none` or a shared-key algorithm would forge
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "sub"], "strict_aud": True},
        )
    except jwt.PyJWTError as error:
        raise NotIdentified(f"the assertion is not good: {error}") from None
    return _user(claims)


def _user(claims: dict[str, Any]) -> AuthUser:
    named = {name: claims.get(name, "") for name in ("sub", "user", "email", "tenant", "role")}
    if not all(isinstance(value, str) for value in named.values()):
        raise NotIdentified("the assertion's claims are not texts")
    if not (named["user"] and named["tenant"] and named["role"]):
        raise NotIdentified("the assertion does not say who, in which tenant, in which role")
    ends = claims.get("sxp")
    return AuthUser(
        id=named["sub"],
        user=named["user"],
        email=named["email"],
        tenant=named["tenant"],
        role=named["role"],
        session_ends=float(ends if isinstance(ends, int) else claims["exp"]),
    )
