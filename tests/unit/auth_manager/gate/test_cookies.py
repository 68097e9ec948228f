"""Our cookies are taken out of the request, whatever stands around them."""

from hypothesis import given
from hypothesis import strategies as st

from auth_manager.gate import cookies
from auth_manager.gate.cookies import EMPTY, Jar, Nonce

SECRET = "s" * 43
OURS = f"__Host-ink_stack={SECRET}".encode()


def test_none() -> None:
    """A request without cookies has an empty jar."""
    assert EMPTY == cookies.parse([])


def test_ours_and_the_apps() -> None:
    """Ours are read, the app's own are kept in their order, over all Cookie headers."""
    jar = cookies.parse([b"a=1; " + OURS, b"__Host-ink_nonce=" + b"n" * 43 + b".2; b=2", b"__Host-ink_sso=x"])

    assert SECRET == jar.stack
    assert Nonce("n" * 43, 2) == jar.nonce
    assert b"a=1; b=2" == jar.rest


def test_all_is_as_sent() -> None:
    """The portal gets every cookie unchanged."""
    assert b"a=1;b=2;  " + OURS == cookies.parse([b"a=1;b=2;  " + OURS]).all


def test_malformed_ours_are_absent() -> None:
    """A cookie of ours that we did not make is none, and the app does not see it either."""
    for value in ("", "short", SECRET + "x", f'"{SECRET}"', SECRET[:-1] + "\xe9", SECRET[:-1] + "/"):
        jar = cookies.parse([f"__Host-ink_stack={value}; __Host-ink_nonce={value}; a=1".encode("latin-1")])

        assert (None, None, b"a=1") == (jar.stack, jar.nonce, jar.rest)


def test_two_values_are_none() -> None:
    """Two different cookies of one of our names: nobody can tell which is ours, so neither counts."""
    other = b"__Host-ink_stack=" + b"t" * 43

    assert cookies.parse([OURS + b"; " + other]).stack is None
    assert SECRET == cookies.parse([OURS + b"; " + OURS]).stack


def test_too_large() -> None:
    """More than 16 KB over all headers is too much; 16 KB is not."""
    assert Jar(too_large=True) == cookies.parse([b"a=" + b"x" * 8192, b"b=" + b"x" * 8192])
    assert not cookies.parse([b"a=" + b"x" * (cookies.MAX_BYTES - 2)]).too_large


def test_secrets_are_not_in_repr() -> None:
    """A logged jar shows neither session nor nonce."""
    shown = repr(cookies.parse([OURS + b"; __Host-ink_nonce=" + b"n" * 43 + b".0"]))

    assert SECRET not in shown
    assert "n" * 43 not in shown


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(0, 4))
def test_the_app_never_sees_ours(noise: list[bytes], at: int) -> None:
    """Whatever bytes stand around it, no cookie of ours is left for the app."""
    jar = cookies.parse([b";".join([*noise[:at], OURS, *noise[at:]])])

    assert not any(part.strip().startswith(b"__Host-ink_") for part in jar.rest.split(b";"))
    assert SECRET.encode() not in jar.rest


@given(st.binary(max_size=60))
def test_any_bytes_parse(value: bytes) -> None:
    """No Cookie header makes the parser fail."""
    assert isinstance(cookies.parse([value]), Jar)
