"""Forms in general: their token, their origin, their shape. Shown on the sign-in form, which all are like."""

import httpx
import pytest

from auth_manager.sessions.session import COOKIE_CSRF, COOKIE_SSO
from tests.unit.auth_manager.portal.browser import Browser
from tests.unit.auth_manager.portal.conftest import PASSWORD, Inn

GOOD = {"email": "anna@example.com", "password": PASSWORD}


async def sign_in(browser: Browser, token: str, **headers: str) -> httpx.Response:
    return await browser.post("/sign-in", GOOD | {"csrf": token}, **headers)


async def test_a_form_of_ours_is_taken(inn: Inn) -> None:
    """Token, cookie and origin right: the form does its work."""
    await inn.guest("anna")
    browser = inn.browser()

    assert 303 == (await sign_in(browser, await browser.token("/sign-in"))).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""},
        {"Origin": "http://anna.inn.localhost:8080"},
        {"Origin": "http://auth.inn.localhost"}, {"Origin": "https://auth.inn.localhost:8080"},
        {"Origin": "http://auth.inn.localhost:8080/"},
        {"Origin": "http://auth.inn.localhost:8080.evil.example"},
        {"Origin": "http://auth.inn.localhost:8080, http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "Same-Origin"},
        {"Sec-Fetch-Site": ""},
    ],
)  # fmt: skip
async def test_another_sites_page_sends_no_form(inn: Inn, headers: dict[str, str]) -> None:
    """With the right token, but asked by another origin or site, a form is refused, and nobody is signed in."""
    await inn.guest("anna")
    browser = inn.browser()

    answer = await sign_in(browser, await browser.token("/sign-in"), **headers)

    assert answer.status_code == 403
    assert not browser.signed_in


@pytest.mark.parametrize("token", ["", "0" * 64, "x", "é", "0" * 5000])
async def test_a_wrong_token_is_refused(inn: Inn, token: str) -> None:
    """Without the token that was made for this browser nothing is done."""
    await inn.guest("anna")
    browser = inn.browser()
    await browser.get("/sign-in")

    assert 403 == (await sign_in(browser, token)).status_code


async def test_a_token_of_another_browser_is_refused(inn: Inn) -> None:
    """A token is worth nothing in a browser it was not made for: nobody can be signed in as somebody else unasked."""
    await inn.guest("anna")
    attacker, victim = inn.browser(), inn.browser()
    await victim.get("/sign-in")

    assert 403 == (await sign_in(victim, await attacker.token("/sign-in"))).status_code


async def test_a_browser_without_cookies_is_told_so(inn: Inn) -> None:
    """A form without any cookie is refused with words about cookies."""
    browser = inn.browser()
    token = await browser.token("/sign-in")
    browser.cookies.clear()

    answer = await sign_in(browser, token)

    assert answer.status_code == 403
    assert "cookie" in answer.text


async def test_of_two_cookies_of_one_name_none_is_believed(inn: Inn) -> None:
    """A cookie sent twice counts as none, for forms and for sessions."""
    guest, _ = await inn.guest("anna")
    secret = guest.cookies[COOKIE_SSO]
    twice = f"{COOKIE_SSO}={'A' * 43}; {COOKIE_SSO}={secret}"

    assert (await inn.browser().get("/", Cookie=twice)).headers["location"] == "/sign-in"
    assert (await inn.browser().get("/", Cookie=f"{COOKIE_SSO}={secret}")).status_code == 200


async def test_a_form_opened_before_sign_in_still_works_after(inn: Inn) -> None:
    """Two tabs: the sign-in form of the second is still good when the first has signed in."""
    await inn.guest("anna")
    browser = inn.browser()
    token = await browser.token("/sign-in")
    await sign_in(browser, token)

    assert COOKIE_CSRF in browser.cookies
    assert 303 == (await sign_in(browser, token)).status_code


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"email=a", "text/plain", 415), (b'{"email":"a"}', "application/json", 415), (b"email=a", "", 415),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        (b"email=%ff", "application/x-www-form-urlencoded", 400),
        (b"email=\xff", "application/x-www-form-urlencoded", 400),
        (b"email=a&email=b", "application/x-www-form-urlencoded", 400),
        (b"a&" * 40 + b"b", "application/x-www-form-urlencoded", 400),
        (b"%", "application/x-www-form-urlencoded; charset=x", 403),
        (b"", "application/x-www-form-urlencoded", 403), (b";;==&&=%00", "application/x-www-form-urlencoded", 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/sign-out", "/sign-in/link?ticket=x"])
async def test_a_malformed_body_is_a_clear_refusal(inn: Inn, path: str, body: bytes, kind: str, status: int) -> None:
    """Another type, bytes that are no text, a field twice, too many fields: 4xx, never 500."""
    browser = inn.browser()
    await browser.get("/sign-in")

    answer = await browser.request("POST", path, content=body, headers={"Content-Type": kind})

    assert status == answer.status_code
