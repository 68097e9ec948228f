"""The assertion as an app checks it."""

import dataclasses

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.types import Options

from auth_manager.sessions.assertion import Signer, jwks, make_key
from auth_manager.sessions.session import Session
from stack_deployer.contract.route import Route
from tests.unit.auth_manager.sessions.conftest import Clock

ISSUER = "http://auth.inn.localhost:8080"
NOW = 1_800_000_000.0
SESSION = Session("host", "d1", "id1", "user1", "a@b.example", "s1", "user1.inn.localhost", "st1", NOW, NOW + 9.9)
ROUTE = Route(
    "user1.inn.localhost", "st1", "user1", "id1", "user1", "tenant1", ("user1.inn.localhost",), "running"
)  # fmt: skip
PEM = make_key()


@pytest.fixture
def signer(clock: Clock) -> Signer:
    return Signer(PEM, ISSUER, clock=clock)


def test_an_app_learns_who_is_calling(signer: Signer) -> None:
    """The claims name issuer, stack, user, tenant, role and host, a minute's life and the session's end."""
    token = signer.sign(session=SESSION, route=ROUTE, role="owner")
    key = jwt.PyJWKSet.from_dict(jwks(PEM))[jwt.get_unverified_header(token)["kid"]]

    unhurried: Options = {"verify_exp": False, "verify_iat": False}  # the test's clock is not PyJWT's
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="st1", issuer=ISSUER, options=unhurried)

    assert claims == {
        "iss": ISSUER, "aud": "st1", "sub": "id1", "user": "user1", "email": "a@b.example", "tenant": "tenant1",
        "role": "owner", "host": "user1.inn.localhost", "iat": int(NOW), "exp": int(NOW) + 60, "sxp": int(NOW) + 9,
    }  # fmt: skip


def test_another_installation_s_assertion_is_refused() -> None:
    """The signature is by our key alone."""
    forged = Signer(make_key(), ISSUER).sign(session=SESSION, route=ROUTE, role="owner")

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, jwt.PyJWKSet.from_dict(jwks(PEM)).keys[0], algorithms=["EdDSA"], audience="st1")


def test_an_assertion_is_used_again_for_half_its_life(signer: Signer, clock: Clock) -> None:
    """Signing is for the first request, not for each; the app never gets one with less than half its life left."""
    first = signer.sign(session=SESSION, route=ROUTE, role="owner")

    clock.now += 29.9
    assert first == signer.sign(session=SESSION, route=ROUTE, role="owner")
    clock.now += 0.1
    assert first != signer.sign(session=SESSION, route=ROUTE, role="owner")


def test_a_clock_set_back_makes_a_new_assertion(signer: Signer, clock: Clock) -> None:
    """One from the future would live too long."""
    first = signer.sign(session=SESSION, route=ROUTE, role="owner")
    clock.now -= 10

    assert first != signer.sign(session=SESSION, route=ROUTE, role="owner")


def test_an_assertion_is_never_used_for_something_else(signer: Signer) -> None:
    """Another session, host, stack or role has an assertion of its own."""
    tokens = {
        signer.sign(session=SESSION, route=ROUTE, role="owner"),
        signer.sign(session=SESSION, route=ROUTE, role="viewer"),
        signer.sign(session=dataclasses.replace(SESSION, digest="d2"), route=ROUTE, role="owner"),
        signer.sign(session=SESSION, route=dataclasses.replace(ROUTE, host="api-user1.inn.localhost"), role="owner"),
        signer.sign(session=SESSION, route=dataclasses.replace(ROUTE, stack_id="st2"), role="owner"),
    }

    # Ed25519 signs alike what is alike, and two sessions of one user say the same.
    assert len(tokens) == 4


def test_remembered_assertions_are_bounded(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sessions there are, memory is not filled."""
    monkeypatch.setattr("auth_manager.sessions.assertion._REMEMBERED", 3)
    for number in range(10):
        signer.sign(session=dataclasses.replace(SESSION, digest=str(number)), route=ROUTE, role="owner")

    assert len(signer._made) == 3


def test_the_public_set_has_no_private_part() -> None:
    """What apps read is the public key, under an id made from it."""
    (key,) = jwks(PEM)["keys"]

    assert {"kty", "crv", "x", "kid", "alg", "use"} == set(key)
    assert len(key["kid"]) == 16


def test_another_kind_of_key_is_refused() -> None:
    """A signer with a key that is not Ed25519 does not come to be."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with pytest.raises(ValueError, match="not an Ed25519 key"):
        Signer(pem, ISSUER)


def test_the_key_is_not_in_the_repr(signer: Signer) -> None:
    """A signer that lands in a log says nothing of its key."""
    assert PEM.decode().splitlines()[1] not in repr(signer)
