"""Signing in with e-mail and password."""

import asyncio
from dataclasses import replace
from urllib.parse import quote

import pytest

from auth_manager.portal.app import build
from auth_manager.portal.peers import networks
from auth_manager.portal.sign_in import REFUSED
from auth_manager.sessions.session import COOKIE_SSO
from auth_manager.users import accounts
from auth_manager.users.password import Passwords
from tests.unit.auth_manager.portal.browser import Browser
from tests.unit.auth_manager.portal.conftest import PASSWORD, SITE, Inn
from tests.unit.auth_manager.portal.hostile import TARGETS

GOOD = {"email": "anna@example.com", "password": PASSWORD}


async def test_signing_in_leads_to_my_stacks(inn: Inn) -> None:
    """The right password begins a session and leads to the start page."""
    await inn.guest("anna")
    browser = inn.browser()

    answer = await browser.submit("/sign-in", GOOD)

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert await inn.is_live(browser)


@pytest.mark.parametrize("email", ["ANNA@Example.COM", "  anna@example.com "])
async def test_an_email_is_known_in_every_spelling(inn: Inn, email: str) -> None:
    """Case and surrounding blanks of an e-mail do not matter."""
    await inn.guest("anna")

    assert 303 == (await inn.browser().submit("/sign-in", GOOD | {"email": email})).status_code


async def test_every_sign_in_is_a_new_session(inn: Inn) -> None:
    """The id changes at each sign-in, and the session before, given or fixed by whomever, is dead."""
    browser, _ = await inn.guest("anna")
    before = browser.cookies[COOKIE_SSO]

    token = await browser.token("/sign-out")
    await browser.post("/sign-in", GOOD | {"csrf": token})

    assert before != browser.cookies[COOKIE_SSO]
    assert await inn.is_live(browser)
    assert await inn.services.sessions.sso(before) is None


async def test_a_planted_cookie_is_not_taken_over(inn: Inn) -> None:
    """A session id that an attacker set before the sign-in is worth nothing after it."""
    await inn.guest("anna")
    browser = inn.browser()
    browser.cookies[COOKIE_SSO] = "A" * 43

    await browser.submit("/sign-in", GOOD)

    assert browser.cookies[COOKIE_SSO] != "A" * 43
    assert await inn.services.sessions.sso("A" * 43) is None


async def test_known_and_unknown_are_told_the_same(inn: Inn) -> None:
    """A wrong password, an unknown e-mail and a disabled user get the same status, words and cookies."""
    await inn.guest("anna")
    await inn.guest("bert")
    await accounts.disable(inn.services.engine, "bert")
    attempts = [
        {"email": "anna@example.com", "password": "wrong password"},
        {"email": "nobody@example.com", "password": "wrong password"},
        {"email": "bert@example.com", "password": PASSWORD},
    ]

    for fields in attempts:
        browser = inn.browser()
        answer = await browser.submit("/sign-in", fields)
        assert answer.status_code == 422
        assert REFUSED in answer.text
        assert f'value="{fields["email"]}"' in answer.text
        assert fields["password"] not in answer.text
        assert not browser.signed_in


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "", "password": PASSWORD}, "email"), ({"email": "anna@example.com", "password": ""}, "password"),
        ({"password": PASSWORD}, "email"), ({"email": "   ", "password": "x"}, "email"),
    ],
)  # fmt: skip
async def test_an_empty_field_is_named(inn: Inn, fields: dict[str, str], field: str) -> None:
    """What is missing is named by its field."""
    answer = await inn.browser().submit("/sign-in", fields)

    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text


@pytest.mark.parametrize(
    "email", ["anna", "@", "a@b@c", "a\0@b.de", "x" * 5000, "' OR 1=1 --", "\u202eanna@example.com", "é@ü.de"]
)
async def test_no_email_breaks_the_form(inn: Inn, email: str) -> None:
    """Whatever is given as an e-mail is refused like an unknown one."""
    answer = await inn.browser().submit("/sign-in", {"email": email, "password": "wrong password"})

    assert answer.status_code == 422
    assert REFUSED in answer.text


@pytest.mark.parametrize("password", ["a" * 1025, "\0", "é" * 500, "\U0001f511"])
async def test_no_password_breaks_the_form(inn: Inn, password: str) -> None:
    """Whatever is given as a password is refused like a wrong one."""
    await inn.guest("anna")

    assert 422 == (await inn.browser().submit("/sign-in", GOOD | {"password": password})).status_code


async def test_the_way_back_is_kept_over_a_refusal(inn: Inn) -> None:
    """`next` leads on after sign-in, also when the first password was wrong."""
    await inn.guest("anna")
    browser, path = inn.browser(), "/sign-in?next=%2Fenter%3Fhost%3Da"

    refused = await browser.submit(path, GOOD | {"password": "wrong password"})
    answer = await browser.submit(path, GOOD)

    assert (422, 303) == (refused.status_code, answer.status_code)
    assert answer.headers["location"] == "/enter?host=a"


async def test_hostile_ways_back_lead_to_the_start_page(inn: Inn) -> None:
    """No target of the corpus is ever a Location: neither after sign-in nor for who is signed in already."""
    browser, _ = await inn.guest("anna")

    for target in TARGETS:
        answer = await browser.get(f"/sign-in?next={quote(target, safe='')}")
        assert (303, "/") == (answer.status_code, answer.headers["location"]), target
    token = await browser.token("/sign-out")
    for target in TARGETS[::20]:
        answer = await browser.post(f"/sign-in?next={quote(target, safe='')}", GOOD | {"csrf": token})
        assert answer.headers.get("location") in ("/", None), target
        token = await browser.token("/sign-out")


async def test_two_ways_back_are_none(inn: Inn) -> None:
    """A repeated `next` counts as absent: which one a proxy checked cannot be known."""
    browser, _ = await inn.guest("anna")

    assert "/" == (await browser.get("/sign-in?next=/enter?a&next=//evil.example")).headers["location"]


async def test_too_many_at_once_are_asked_to_wait(inn: Inn) -> None:
    """When the queue for password hashing is full, the answer is 429 with Retry-After and the form kept."""
    busy = replace(inn.services, passwords=Passwords(threads=1, waiting=1))
    app = build(busy, networks("127.0.0.1"))
    browsers = [Browser(app, SITE.portal) for _ in range(10)]
    tokens = [await browser.token("/sign-in") for browser in browsers]

    answers = await asyncio.gather(
        *(
            browser.post("/sign-in", {"email": "nobody@example.com", "password": "wrong password", "csrf": token})
            for browser, token in zip(browsers, tokens, strict=True)
        )
    )

    refused = [answer for answer in answers if answer.status_code == 429]
    assert {422, 429} == {answer.status_code for answer in answers}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert all('value="nobody@example.com"' in answer.text for answer in refused)


async def test_the_form_may_lead_on_to_the_stack_asked_for(inn: Inn) -> None:
    """Browsers hold form-action against redirects: a sign-in on the way to a stack may end on a stack's host."""
    on_the_way = await inn.browser().get("/sign-in?next=%2Fenter%3Fhost%3Danna.inn.localhost")
    plain = await inn.browser().get("/sign-in")

    assert "form-action 'self' http://*.inn.localhost:8080;" in on_the_way.headers["Content-Security-Policy"]
    assert "form-action 'self';" in plain.headers["Content-Security-Policy"]
