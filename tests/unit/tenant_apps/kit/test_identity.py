"""An assertion names the caller when, and only when, the gate signed it for this stack, just now."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from auth_manager.sessions.assertion import make_key
from tenant_apps.kit.identity import AuthUser, NotIdentified, check
from tenant_apps.kit.keys import Keys
from tests.unit.tenant_apps.conftest import ISSUER, STACK, Gate


def checked(gate: Gate, assertion: str) -> AuthUser:
    return check(assertion, Keys(gate.file)(), issuer=ISSUER, audience=STACK)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {
        "iss": ISSUER, "aud": STACK, "sub": "0192", "iat": now, "exp": now + 60, "user": "anna", "email": "",
        "tenant": "acme", "role": "viewer",
    }  # fmt: skip
    return {name: value for name, value in (sound | changes).items() if value is not None}


def encode(gate: Gate, body: dict[str, Any], *, pem: bytes | None = None, kid: str | None = None) -> str:
    known = next(iter(Keys(gate.file)()))
    key = load_pem_private_key(pem or gate.pem, None)
    return jwt.encode(body, key, algorithm="EdDSA", headers={"kid": kid or known})  # type: ignore[arg-type]


def test_the_gates_assertion_names_the_caller(gate: Gate) -> None:
    """Id, handle, e-mail, tenant, role and the session's end are those the gate signed."""
    expected = AuthUser("0192", "anna", "anna@example.com", "acme", "member", 2_000_000_000.0)

    assert expected == checked(gate, gate.sign(role="member", ends=2_000_000_000.5))


def test_another_stacks_assertion_is_refused(gate: Gate) -> None:
    """An assertion that a neighbour's app received opens nothing here."""
    with pytest.raises(NotIdentified, match=r"[Aa]udience"):
        checked(gate, gate.sign(stack="other"))


def test_a_late_assertion_is_refused(gate: Gate) -> None:
    """After its minute, and the clocks' leeway, an assertion is worthless."""
    with pytest.raises(NotIdentified, match="expired"):
        checked(gate, gate.sign(at=time.time() - 70))


def test_another_key_is_refused(gate: Gate) -> None:
    """A signature by another key is refused, under a known kid and under its own."""
    for kid in (None, "ffffffffffffffff"):
        with pytest.raises(NotIdentified):
            checked(gate, encode(gate, claims(), pem=make_key(), kid=kid))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://auth.evil.localhost"}, {"iss": None}, {"aud": [STACK, "other"]}, {"aud": None}, {"exp": None},
        {"iat": None}, {"sub": None}, {"user": ""}, {"user": 7}, {"tenant": None}, {"role": None}, {"email": 1},
        {"iat": 4_000_000_000, "exp": 4_000_000_060},
    ],
    ids=str,
)  # fmt: skip
def test_a_signed_assertion_with_a_wrong_claim_is_refused(gate: Gate, changes: dict[str, Any]) -> None:
    """Who, where, from whom, until when: each claim must be there and be right."""
    with pytest.raises(NotIdentified):
        checked(gate, encode(gate, claims(**changes)))


def test_no_other_algorithm_is_believed(gate: Gate) -> None:
    """`none`, and an HMAC keyed with the public key, are refused."""
    kid, key = next(iter(Keys(gate.file)().items()))
    unsigned = jwt.encode(claims(), "", algorithm="none", headers={"kid": kid})
    confused = jwt.encode(claims(), key.key.public_bytes_raw(), algorithm="HS256", headers={"kid": kid})

    for forged in (unsigned, confused):
        with pytest.raises(NotIdentified):
            checked(gate, forged)


def test_without_a_session_end_the_assertion_ends_the_connection(gate: Gate) -> None:
    """An assertion that tells no session's end lets a connection live as long as itself."""
    body = claims()

    assert float(body["exp"]) == checked(gate, encode(gate, body)).session_ends


@given(junk=st.text(max_size=200))
def test_junk_is_refused_not_stumbled_over(junk: str) -> None:
    """Whatever text arrives in place of an assertion, the answer is NotIdentified."""
    with pytest.raises(NotIdentified):
        check(junk, {}, issuer=ISSUER, audience=STACK)
