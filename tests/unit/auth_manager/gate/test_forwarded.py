"""The forwarded headers, parsed strictly: once each, well formed, or refused."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_manager.gate.forwarded import ForwardRefused, Target, parse
from stack_deployer.contract.names import canonical_host
from tests.unit.auth_manager.gate.examples import HOSTS, forwarded

NAMES = ("x-forwarded-host", "x-forwarded-uri", "x-forwarded-method", "x-forwarded-proto")


def wire(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as they come off the wire."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def without(name: str) -> list[tuple[str, str]]:
    """Sound headers but that one."""
    return [header for header in forwarded() if header[0].lower() != name]


def test_sound_request() -> None:
    """Host, method, path and query are taken as sent; the host without case, port and trailing dot."""
    target = parse(wire(forwarded("/a%20b?x=/1&y", "PROPFIND", "ALICE.inn.test.:8080")))

    assert (HOSTS[0], "PROPFIND", "/a%20b", "x=/1&y") == (target.host, target.method, target.path, target.query)
    assert "/a%20b?x=/1&y" == target.relative


def test_empty_query() -> None:
    """A lone question mark is kept: the app may tell it from none."""
    assert ("/?", "/") == (parse(wire(forwarded("/?"))).relative, parse(wire(forwarded("/"))).relative)


@pytest.mark.parametrize("name", NAMES)
def test_missing_empty_or_repeated(name: str) -> None:
    """Each of the four headers must come exactly once, and not empty."""
    sound = {key.lower(): value for key, value in forwarded()}[name]
    for headers in (
        without(name),
        [*without(name), (name, "")],
        [*forwarded(), (name, sound)],
        [*without(name), (name, f"{sound}, {sound}")],
    ):
        with pytest.raises(ForwardRefused) as refused:
            parse(wire(headers))

        assert name == refused.value.header


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-host", "alice.inn.test:80:80"), ("x-forwarded-host", "alice..inn.test"),
        ("x-forwarded-host", "alice.inn.test@evil.example"), ("x-forwarded-host", "alice.inn.test/x"),
        ("x-forwarded-host", "al\xefce.inn.test"), ("x-forwarded-host", "[::1]"), ("x-forwarded-host", "*"),
        ("x-forwarded-host", "alice.inn.test evil"), ("x-forwarded-host", "a_b.inn.test"),
        ("x-forwarded-uri", "http://evil.example/"), ("x-forwarded-uri", "*"), ("x-forwarded-uri", "evil"),
        ("x-forwarded-uri", "/a b"), ("x-forwarded-uri", "/a#b"), ("x-forwarded-uri", "/\xe9"),
        ("x-forwarded-uri", "/a\tb"), ("x-forwarded-uri", "/a\r\nb"),
        ("x-forwarded-method", "GE T"), ("x-forwarded-method", "G\xcbT"), ("x-forwarded-method", "X" * 33),
        ("x-forwarded-proto", "gopher"), ("x-forwarded-proto", "HTTP"),
    ],
)  # fmt: skip
def test_malformed(name: str, value: str) -> None:
    """A header that is not of its form is refused by name."""
    with pytest.raises(ForwardRefused, match=name):
        parse(wire([*without(name), (name, value)]))


@pytest.mark.parametrize(
    "name",
    ["origin", "referer", "authorization", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest", "upgrade"],
)
def test_deciding_headers_come_once(name: str) -> None:
    """A header that decides is refused when repeated: two readers could choose two values."""
    with pytest.raises(ForwardRefused, match=f"{name} is repeated"):
        parse(wire([*forwarded(), (name, "a"), (name, "b")]))


@pytest.mark.parametrize(
    "more",
    [{"upgrade": "WebSocket"}, {"sec_websocket_key": "x"}, {"sec_fetch_mode": "websocket"}],
)
def test_websocket(more: dict[str, str]) -> None:
    """A WebSocket is known by any of its marks, and is no navigation whatever it accepts."""
    target = parse(wire(forwarded("/ws", accept="text/html", **more)))

    assert target.websocket
    assert not target.navigation


@pytest.mark.parametrize(
    ("more", "navigation"),
    [
        ({"accept": "text/html,*/*"}, True), ({"accept": "*/*"}, False), ({}, False),
        ({"accept": "TEXT/HTML"}, True), ({"accept": "text/html", "sec_fetch_mode": "cors"}, False),
        ({"sec_fetch_mode": "navigate"}, True),
    ],
)  # fmt: skip
def test_navigation(more: dict[str, str], navigation: bool) -> None:
    """Fetch Metadata tells a person's navigation; Accept does where there is none."""
    assert navigation == parse(wire(forwarded(**more))).navigation


def test_preflight() -> None:
    """OPTIONS is a preflight with both Origin and the method asked for."""
    asked = {"origin": "http://x", "access_control_request_method": "PUT"}

    assert parse(wire(forwarded(method="OPTIONS", **asked))).preflight
    assert not parse(wire(forwarded(method="GET", **asked))).preflight
    assert not parse(wire(forwarded(method="OPTIONS", origin="http://x"))).preflight


def test_authorization_is_not_in_repr() -> None:
    """A logged target shows no credential."""
    assert "hush" not in repr(parse(wire(forwarded(authorization="Bearer hush", cookie="a=hush"))))


headers = st.lists(
    st.tuples(
        st.sampled_from([name.encode() for name in (*NAMES, "cookie", "origin", "accept", "authorization", "x-other")]),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from([b"GET", b"http", b"/", b"/a?b", HOSTS[0].encode(), b"__Host-ink_stack=" + b"s" * 43]),
        ),
    ),
    max_size=8,
)


@given(headers)
def test_any_headers_give_a_target_or_a_refusal(given_headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever the headers, the parser gives a sound target or names what is wrong; nothing in between."""
    try:
        target = parse(given_headers)
    except ForwardRefused:
        return

    names = [name for name, _ in given_headers]
    assert all(1 == names.count(name.encode()) for name in NAMES)
    assert target.host == canonical_host(target.host)
    assert target.path.startswith("/")
    assert target.relative.isascii()
    assert target.relative.isprintable()


@given(st.text(max_size=40))
def test_host_is_canonical_or_refused(text: str) -> None:
    """A host is one canonical name, however it was written."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return
    sound = [(name, value) for name, value in wire(forwarded()) if name != b"x-forwarded-host"]
    try:
        target = parse([*sound, (b"x-forwarded-host", raw)])
    except ForwardRefused:
        return

    assert target == parse([*sound, (b"x-forwarded-host", target.host.upper().encode() + b".:443")])


def test_defaults_are_a_program() -> None:
    """A target of which nothing is known is no navigation, no preflight, and its method is safe."""
    target = Target(HOSTS[0])

    assert (False, False, True) == (target.navigation, target.preflight, target.safe)
