"""Signing up."""

import re

import pytest
from redis.asyncio import Redis

from stack_deployer.contract.bus import BELL
from tests.unit.auth_manager.portal.conftest import PASSWORD, Inn

GOOD = {"handle": "anna", "email": "anna@example.com", "password": PASSWORD, "region": "syd"}


async def test_a_newcomer_is_signed_in_and_watches_the_own_stack(inn: Inn) -> None:
    """Sign-up makes the user and the wanted stack, begins a session, and leads to the stack's page."""
    browser = inn.browser()

    answer = await browser.submit("/sign-up", GOOD)

    user = await inn.user("anna")
    assert user is not None
    stack = await inn.stack(user)
    assert (303, f"/stacks/{stack.id}") == (answer.status_code, answer.headers["location"])
    assert ("syd", "requested", ("anna.inn.localhost", "api-anna.inn.localhost")) == (
        stack.region,
        stack.status,
        stack.hosts,
    )
    assert await inn.is_live(browser)
    assert 200 == (await browser.get(answer.headers["location"])).status_code


async def test_the_worker_is_rung(inn: Inn, redis: Redis) -> None:
    """Sign-up rings the bell, so that the worker starts at once."""
    async with redis.pubsub() as listener:
        await listener.subscribe(BELL)
        assert await listener.get_message(timeout=5) is not None
        await inn.guest("anna")
        rung = await listener.get_message(ignore_subscribe_messages=True, timeout=5)

    assert rung is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": ""}, "email"), ({"email": "anna"}, "email"), ({"email": "a@b@c.de"}, "email"),
        ({"email": "a\nb@c.de"}, "email"),
        ({"email": "a" * 250 + "@b.de"}, "email"), ({"email": "<script>@"}, "email"),
        ({"email": "anna@example.com\0"}, "email"),
        ({"handle": "Anna"}, "handle"), ({"handle": "an na"}, "handle"), ({"handle": "-anna"}, "handle"),
        ({"handle": "a--b"}, "handle"),
        ({"handle": "аnna"}, "handle"), ({"handle": "a" * 31}, "handle"), ({"handle": "auth"}, "handle"),
        ({"handle": "api-x"}, "handle"),
        ({"handle": "fra"}, "handle"), ({"handle": "1a"}, "handle"), ({"handle": "anna\n"}, "handle"),
        ({"handle": ""}, "handle"),
        ({"password": ""}, "password"), ({"password": "short"}, "password"), ({"password": "a" * 1025}, "password"),
        ({"password": "password"}, "password"),
        ({"region": "mars"}, "region"), ({"region": ""}, "region"), ({"region": "IAD"}, "region"),
    ],
)  # fmt: skip
async def test_a_bad_field_is_named_and_the_rest_is_kept(inn: Inn, change: dict[str, str], field: str) -> None:
    """A refused form is 422, says which field and ties the words to it, keeps all but the password, makes nothing."""
    browser = inn.browser()
    given = GOOD | change

    answer = await browser.submit("/sign-up", given)

    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert f'aria-describedby="{field}-fault' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert PASSWORD not in answer.text
    assert "<script>@" not in answer.text
    if field != "email":
        assert 'value="anna@example.com"' in answer.text
    if field != "handle":
        assert 'value="anna"' in answer.text
    if field != "region":
        assert 'value="syd" selected' in answer.text
    assert not browser.signed_in
    assert await inn.user("anna") is None


async def test_all_bad_fields_are_named_at_once(inn: Inn) -> None:
    """Three bad fields give three messages."""
    answer = await inn.browser().submit("/sign-up", {"handle": "A", "email": "x", "password": "y", "region": "iad"})

    assert 3 == answer.text.count('class="fault"')


async def test_fields_left_out_are_as_good_as_empty(inn: Inn) -> None:
    """A form without any field but its token is a refused form, not an error."""
    assert 422 == (await inn.browser().submit("/sign-up", {})).status_code


async def test_without_a_name_one_is_proposed(inn: Inn) -> None:
    """Who leaves the name empty gets the form back with one made from the e-mail."""
    answer = await inn.browser().submit("/sign-up", GOOD | {"handle": "", "email": "Anna.Lee@example.com"})

    assert answer.status_code == 422
    assert 'value="anna-lee"' in answer.text


@pytest.mark.parametrize(
    ("change", "field"), [({"handle": "anna2"}, "email"), ({"email": "other@example.com"}, "handle")]
)
async def test_what_is_taken_is_a_conflict(inn: Inn, change: dict[str, str], field: str) -> None:
    """A taken e-mail or handle is 409 and named."""
    await inn.guest("anna")

    answer = await inn.browser().submit("/sign-up", GOOD | change)

    assert answer.status_code == 409
    assert f'id="{field}-fault"' in answer.text


async def test_values_come_back_escaped(inn: Inn) -> None:
    """What a visitor wrote is text in the page, never markup."""
    nasty = '"><img src=x onerror=alert(1)>'

    answer = await inn.browser().submit(
        "/sign-up", {"handle": nasty, "email": nasty, "region": nasty, "password": nasty}
    )

    assert answer.status_code == 422
    assert "<img src=x" not in answer.text


async def test_signing_up_ends_the_session_before(inn: Inn) -> None:
    """Who is signed in, is told so, and signs up as somebody else has one session, the new one."""
    browser, _ = await inn.guest("anna")
    before = dict(browser.cookies)

    page = (await browser.get("/sign-up")).text
    await browser.submit("/sign-up", GOOD | {"handle": "bert", "email": "bert@example.com", "instead_of": "anna"})

    assert "You are signed in as <strong>anna</strong>; that ends" in page
    assert 'name="instead_of" value="anna"' in page

    old = inn.browser()
    old.cookies = before
    assert not await inn.is_live(old)
    assert await inn.is_live(browser)


@pytest.mark.parametrize("told", [{}, {"instead_of": "carl"}, {"instead_of": ""}])
async def test_no_session_is_replaced_unsaid(inn: Inn, told: dict[str, str]) -> None:
    """A form opened before another tab signed in makes nobody and ends nothing: it comes back with the notice."""
    browser, _ = await inn.guest("anna")

    answer = await browser.submit("/sign-up", GOOD | {"handle": "bert", "email": "bert@example.com"} | told)

    assert answer.status_code == 409
    assert "You are signed in as <strong>anna</strong>" in answer.text
    assert 'value="bert"' in answer.text
    assert await inn.user("bert") is None
    assert await inn.is_live(browser)


async def test_faults_stand_in_the_forms_order_as_sentences(inn: Inn) -> None:
    """The summary names the fields as they follow each other on the form; each fault ends like a sentence."""
    text = (await inn.browser().submit("/sign-up", {})).text

    order = re.findall(r'<a href="#(\w+)">', text)
    faults = re.findall(r'class="fault"[^>]*>([^<]+)</p>', text)
    assert ["email", "handle", "password", "region"] == order
    assert all(fault.endswith((".", "!", "?")) and not fault.endswith("..") for fault in faults)


@pytest.mark.parametrize("path", ["/sign-up", "/sign-in"])
async def test_no_field_cuts_what_is_written(inn: Inn, path: str) -> None:
    """What is too long is refused with words, not shortened by the browser unsaid."""
    assert "maxlength" not in (await inn.browser().get(path)).text


async def test_regions_are_grouped_and_honest(inn: Inn) -> None:
    """The nine regions stand in groups by continent, and the embedded platform says that they are simulated."""
    page = (await inn.browser().get("/sign-up")).text

    assert 3 == page.count("<optgroup")
    assert 9 == page.count("<option")
    assert "imulated" in page
