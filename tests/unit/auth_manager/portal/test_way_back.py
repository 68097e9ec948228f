"""Where sign-in and hand-off may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_manager.portal.way_back import leads_to, next_path
from tests.unit.auth_manager.portal.hostile import TARGETS

ORIGINS = ["http://anna.inn.localhost:8080", "http://api-anna.inn.localhost:8080"]
SUFFIXES = [
    "", "@evil.example/", ":80@evil.example/", ".evil.example/", "evil.example", "\\@evil.example", "\\evil.example",
    "?x", "#x", ":1/",
    "/\\evil.example", "/a b", "/a\tb", "/a\nb", "/a\r\nX: y", "/\0", "/é", "/\x7f", "/" + "a" * 20000, "/\u2028",
    "%2f", "/x\n", "\n/",
]  # fmt: skip


def test_the_corpus_is_a_corpus() -> None:
    """There are more than a hundred hostile targets, all different."""
    assert len(set(TARGETS)) == len(TARGETS) > 100


@pytest.mark.parametrize("target", TARGETS)
def test_after_sign_in_nobody_is_led_elsewhere(target: str) -> None:
    """A hostile `next` leads to the start page."""
    assert next_path(target) == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/stacks/" + "0123456789abcdef" * 2,
        "/enter?",
        "/enter?host=a&nonce=b&back=http%3A%2F%2Fa%2F%3Fx%3D1&left=1",
    ],
)
def test_own_pages_are_taken(path: str) -> None:
    """The start page, one stack's page and the hand-off are places to go on to."""
    assert path == next_path(path)


def test_without_a_way_back_it_is_the_start_page() -> None:
    """No `next` means the start page."""
    assert next_path(None) == "/"


@pytest.mark.parametrize("target", TARGETS + [ORIGINS[0] + suffix for suffix in SUFFIXES])
def test_a_hand_off_leads_back_to_the_stack_alone(target: str) -> None:
    """A hostile way back is on none of the stack's origins."""
    assert not leads_to(target, ORIGINS)


@pytest.mark.parametrize(
    "rest", ["/", "/a/b?c=d&e=%2F%5C#f", "//double", "/?next=http://evil.example", "/~[]{}|^`'()*!;,"]
)
def test_every_page_of_the_stack_is_a_way_back(rest: str) -> None:
    """Any visible path and query on one of the stack's origins is taken as it is."""
    assert leads_to(ORIGINS[0] + rest, ORIGINS)
    assert leads_to(ORIGINS[1] + rest, ORIGINS)


@given(st.text(max_size=60))
def test_whatever_is_taken_is_a_path_of_ours(text: str) -> None:
    """For any text, `next` comes out as one of three paths, printable and without a backslash."""
    path = next_path(text)

    assert path == "/" or path.startswith(("/stacks/", "/enter?"))
    assert path.isascii()
    assert path.isprintable()
    assert "\\" not in path
