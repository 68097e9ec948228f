"""The way back never leads off the stack's own hosts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_manager.gate import way_back
from tests.unit.auth_manager.gate.examples import API_ORIGIN, HOSTS, ORIGIN, ROUTE, SITE, page

FOREIGN = [
    None, "", "/", "//evil.example/", "/\\evil.example", "http://evil.example/", "https://alice.inn.test:8080/",
    "http://alice.inn.test/", "http://alice.inn.test:8080", "http://alice.inn.test:80801/",
    "http://alice.inn.test:8080@evil.example/", "http://alice.inn.test:8080.evil.example/",
    "http://x@alice.inn.test:8080/", "HTTP://alice.inn.test:8080/", " http://alice.inn.test:8080/",
    "http://alice.inn.test:8080\\@evil.example/", "http://alice.inn.test:8080/\r\nX: y",
    "http://alice.inn.test:8080/\t", "http://alice.inn.test:8080/\u00e9", "http://auth.inn.test:8080/",
    "javascript:alert(1)//http://alice.inn.test:8080/", 'http://alice.inn.test:8080/"><script>',
    "http://alice.inn.test:8080/.innkeeper/enter?ticket=x", "http://alice.inn.test:8080/" + "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("url", FOREIGN)
def test_foreign_is_replaced(url: str | None) -> None:
    """What is not exactly on one of the stack's origins leads to the host's own `/`."""
    assert f"{ORIGIN}/" == way_back.checked(SITE, ROUTE, HOSTS[0], url)


@pytest.mark.parametrize("url", [f"{ORIGIN}/", f"{ORIGIN}/a/b?c=//evil.example&d[]={{1}}", f"{API_ORIGIN}/x#y"])
def test_own_is_kept(url: str) -> None:
    """A URL on any of the stack's hosts is kept to the letter."""
    assert url == way_back.checked(SITE, ROUTE, HOSTS[0], url)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """No text after an origin leads elsewhere, and none breaks a header."""
    for url in (text, ORIGIN + text, f"{ORIGIN}/{text}"):
        back = way_back.checked(SITE, ROUTE, HOSTS[0], url)

        assert back.startswith((f"{ORIGIN}/", f"{API_ORIGIN}/"))
        assert back.isascii()
        assert back.isprintable()


def test_wanted_of_a_get() -> None:
    """A page that was asked for is where one comes back to, query included."""
    assert f"{ORIGIN}/a?b=c" == way_back.wanted(SITE, replace(page("/a"), query="b=c"))


def test_wanted_of_a_post() -> None:
    """A form is not sent again: back to the page it was on, when that is of the same origin, else to `/`."""
    post = page("/save", "POST")

    assert f"{ORIGIN}/form" == way_back.wanted(SITE, replace(post, referer=f"{ORIGIN}/form"))
    assert f"{ORIGIN}/" == way_back.wanted(SITE, replace(post, referer=f"{API_ORIGIN}/form"))
    assert f"{ORIGIN}/" == way_back.wanted(SITE, post)
