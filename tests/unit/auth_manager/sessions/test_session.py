"""The session's value and its cookies."""

import json

import pytest

from auth_manager.sessions.session import (
    COOKIE_CSRF,
    COOKIE_NONCE,
    COOKIE_PREFIX,
    COOKIE_SSO,
    COOKIE_STACK,
    Lifetimes,
    Session,
    expire_cookie,
    set_cookie,
)

SESSION = Session("host", "d", "u", "user1", "a@b.example", "s", "user1.inn.localhost", "st", 1.5, 2.5)


def test_a_session_survives_json() -> None:
    """What is sealed as JSON comes back as the same session."""
    assert SESSION == Session.from_value(json.loads(json.dumps(SESSION.to_value())))


@pytest.mark.parametrize("value", [{}, SESSION.to_value() | {"operator": True}])
def test_a_foreign_shape_is_refused(value: dict[str, object]) -> None:
    """A value with missing or further fields is no session."""
    with pytest.raises(TypeError):
        Session.from_value(value)


@pytest.mark.parametrize("name", [COOKIE_SSO, COOKIE_STACK, COOKIE_NONCE, COOKIE_CSRF])
def test_every_cookie_can_be_recognised_for_stripping(name: str) -> None:
    """All of ours begin with the prefix that the gate strips by, which browsers hold to one host."""
    assert name.startswith(COOKIE_PREFIX)
    assert COOKIE_PREFIX.startswith("__Host-")


def test_a_cookie_has_what_its_prefix_demands() -> None:
    """`__Host-` wants Secure and Path=/ and no Domain; scripts never see it; it ends with the browser."""
    assert set_cookie(COOKIE_SSO, "a-b_c.0") == "__Host-ink_sso=a-b_c.0; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_an_expired_cookie_keeps_its_attributes() -> None:
    """Browsers refuse to overwrite a `__Host-` cookie by one without Secure and Path=/."""
    expected = "__Host-ink_sso=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"

    assert expected == expire_cookie(COOKIE_SSO)


@pytest.mark.parametrize("value", ["", "a;b", "a b", "a\r\nSet-Cookie: x=y", "a,b", "é", "a\n"])
def test_a_value_cannot_break_out_of_its_header(value: str) -> None:
    """Only characters of our own secrets come into a Set-Cookie header."""
    with pytest.raises(ValueError, match="not one of ours"):
        set_cookie(COOKIE_NONCE, value)


@pytest.mark.parametrize(("idle", "cap"), [(0, 10), (10, 0), (-1, 10)])
def test_lifetimes_are_positive(idle: int, cap: int) -> None:
    """A lifetime of nothing would make keys that never expire or never are."""
    with pytest.raises(ValueError, match="a second at least"):
        Lifetimes(idle, cap)
