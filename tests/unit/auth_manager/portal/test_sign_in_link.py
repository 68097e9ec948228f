"""Signing in by a one-time link."""

import pytest

from auth_manager.users import accounts
from tests.unit.auth_manager.portal.conftest import Inn


async def link(inn: Inn, user_id: str, kind: str = "link", ttl: int = 3600) -> str:
    ticket = await inn.services.tickets.issue(kind, {"user_id": user_id}, ttl)  # type: ignore[arg-type]
    return f"/sign-in/link?ticket={ticket}"


async def test_looking_at_a_link_does_not_use_it_up(inn: Inn) -> None:
    """Mail scanners may GET the link as often as they like: it shows a button, and still works."""
    _, user = await inn.guest("anna")
    path = await link(inn, user.id)
    scanner, browser = inn.browser(), inn.browser()

    for _ in range(3):
        assert 200 == (await scanner.get(path)).status_code
        await scanner.request("HEAD", path)
    answer = await browser.submit(path, {})

    assert not scanner.signed_in
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert await inn.is_live(browser)


async def test_a_link_works_once(inn: Inn) -> None:
    """The second use is 410 and signs nobody in."""
    _, user = await inn.guest("anna")
    path = await link(inn, user.id)
    first, second = inn.browser(), inn.browser()
    token = await second.token(path)
    await first.submit(path, {})

    answer = await second.post(path, {"csrf": token})

    assert (410, 410) == (answer.status_code, (await second.get(path)).status_code)
    assert not second.signed_in


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?ticket=",
        "?ticket=x",
        "?ticket=" + "A" * 44,
        "?ticket=%0d%0a",
        "?ticket=é",
        f"?ticket={'A' * 43}&ticket={'B' * 43}",
    ],
)
async def test_what_is_no_ticket_shows_no_button(inn: Inn, query: str) -> None:
    """An incomplete or doubled ticket is told at once to be just that, and to open nothing."""
    answer = await inn.browser().get(f"/sign-in/link{query}")

    assert answer.status_code == 400
    assert "This link is not complete" in answer.text
    assert "<form" not in answer.text


async def test_a_ticket_of_another_kind_opens_nothing(inn: Inn) -> None:
    """A hand-off's ticket is no sign-in link."""
    _, user = await inn.guest("anna")
    browser = inn.browser()

    token = await browser.token("/sign-in")
    path = await link(inn, user.id, "enter")

    assert 410 == (await browser.get(path)).status_code
    assert 410 == (await browser.post(path, {"csrf": token})).status_code
    assert not browser.signed_in


@pytest.mark.parametrize("who", ["disabled", "gone"])
async def test_a_link_of_nobody_opens_nothing(inn: Inn, who: str) -> None:
    """The link of a user who is disabled, or was never there, signs nobody in."""
    _, user = await inn.guest("anna")
    if who == "disabled":
        await accounts.disable(inn.services.engine, "anna")
    browser = inn.browser()

    token = await browser.token("/sign-in")
    answer = await browser.post(await link(inn, user.id if who == "disabled" else "0" * 36), {"csrf": token})

    assert answer.status_code == 410
    assert not browser.signed_in


async def test_the_page_names_whom_it_signs_in(inn: Inn) -> None:
    """Nobody becomes another user by a link without having read the name."""
    _, user = await inn.guest("anna")

    assert "anna" in (await inn.browser().get(await link(inn, user.id))).text


async def test_without_the_pages_token_a_link_is_not_used(inn: Inn) -> None:
    """Another site cannot make a browser use a link, so nobody is signed in as an attacker unasked."""
    _, user = await inn.guest("anna")
    path = await link(inn, user.id)
    victim = inn.browser()
    await victim.get(path)

    assert 403 == (await victim.post(path, {"csrf": "0" * 64})).status_code
    assert 403 == (await victim.submit(path, {}, Origin="http://evil.example")).status_code
    assert 303 == (await victim.submit(path, {})).status_code


async def test_the_page_says_whose_session_ends(inn: Inn) -> None:
    """Who is signed in is told so before the link signs another user in, and has one session afterwards."""
    browser, _ = await inn.guest("anna")
    _, bert = await inn.guest("bert")
    path = await link(inn, bert.id)
    before = dict(browser.cookies)

    page = await browser.get(path)
    await browser.submit(path, {})

    old = inn.browser()
    old.cookies = before
    assert "anna" in page.text
    assert not await inn.is_live(old)
    assert "bert" in (await browser.get("/")).text


async def test_the_ticket_is_told_to_no_other_page(inn: Inn) -> None:
    """The page keeps its address from others, and its own form still names its origin."""
    _, user = await inn.guest("anna")

    page = await inn.browser().get(await link(inn, user.id))

    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
