"""The portal's part of the hand-off."""

from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from auth_manager.sessions.session import COOKIE_SSO
from auth_manager.users import accounts
from stack_deployer.contract.bus import ROUTES_LOADED, digest, route_key
from tests.unit.auth_manager.portal.conftest import Inn
from tests.unit.auth_manager.portal.hostile import TARGETS

HOST, API = "anna.inn.localhost", "api-anna.inn.localhost"
ORIGIN = f"http://{HOST}:8080"
GOOD = {"host": HOST, "nonce": "ab" * 32, "back": f"{ORIGIN}/a?b=c&d=%2F", "left": "1"}


def path(**change: Any) -> str:
    return f"/enter?{urlencode(GOOD | change)}"


async def test_a_signed_in_browser_gets_a_ticket(inn: Inn) -> None:
    """302 to the host itself with a ticket bound to host, stack, session and nonce, the way back unchanged."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await inn.routed(stack)

    answer = await browser.get(path())

    location = urlsplit(answer.headers["location"])
    query = parse_qs(location.query)
    assert (302, ORIGIN, "/.innkeeper/enter") == (
        answer.status_code,
        f"{location.scheme}://{location.netloc}",
        location.path,
    )
    assert ([GOOD["back"]], ["1"]) == (query["back"], query["left"])
    assert ("no-store", "no-referrer") == (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"])
    assert {
        "user_id": user.id, "user": "anna", "sso": digest(browser.cookies[COOKIE_SSO]), "host": HOST,
        "stack_id": stack.id, "nonce": "ab" * 32,
    } == await inn.services.tickets.consume("enter", query["ticket"][0])  # fmt: skip


async def test_a_ticket_is_given_whether_or_not_one_may_enter(inn: Inn) -> None:
    """The gate decides who may enter, so another user gets a ticket as well, in the own name."""
    _, anna = await inn.guest("anna")
    await inn.routed(await inn.stack(anna))
    bert, user = await inn.guest("bert")

    query = parse_qs(urlsplit((await bert.get(path())).headers["location"]).query)

    ticket = await inn.services.tickets.consume("enter", query["ticket"][0])
    assert ticket is not None
    assert (user.id, "bert") == (ticket["user_id"], ticket["user"])


async def test_a_stranger_signs_in_and_comes_back(inn: Inn) -> None:
    """Without a session it is sign-in first, and the way back leads here again with all its parts."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))

    sign_in = (await inn.browser().get(path())).headers["location"]
    onward = (await browser.get(sign_in)).headers["location"]

    assert sign_in.startswith("/sign-in?next=%2Fenter%3F")
    assert path() == onward
    assert 302 == (await browser.get(onward)).status_code


async def test_the_second_hand_off_goes_by_a_form(inn: Inn) -> None:
    """Within 30 s a second hand-off for the host is a page whose form POSTs the ticket, allowed by its policy."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    await browser.get(path())

    other_host = await browser.get(path(host=API))
    page = await browser.get(path())

    action = page.text.split('action="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    ticket = parse_qs(urlsplit(action).query)["ticket"][0]
    policy = page.headers["Content-Security-Policy"]
    assert (302, 200) == (other_host.status_code, page.status_code)
    assert 'method="post"' in page.text
    assert "/static/go.js" in page.text
    assert '<button type="submit">' in page.text
    assert f"form-action 'self' http://auth.inn.localhost:8080 {ORIGIN} http://{API}:8080;" in policy
    assert ("no-store", "no-referrer") == (page.headers["Cache-Control"], page.headers["Referrer-Policy"])
    assert await inn.services.tickets.consume("enter", ticket) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"host": "nobody.inn.localhost"}, {"host": "auth.inn.localhost"}, {"host": "inn.localhost"},
        {"host": "evil.example"},
        {"host": "ANNA.inn.localhost"}, {"host": f"{HOST}."}, {"host": f"{HOST}:8080"}, {"host": ""}, {"host": "a\0b"},
        {"host": "*"},
        {"nonce": ""}, {"nonce": "ab" * 31}, {"nonce": "AB" * 32}, {"nonce": "xy" * 32}, {"nonce": "ab" * 32 + "\n"},
        {"left": ""}, {"left": "-1"}, {"left": "2"}, {"left": "99"}, {"left": "100"}, {"left": "1.0"}, {"left": " 1"},
        {"left": "١"}, {"left": "0x1"},
        {"back": ""}, {"back": "/"}, {"back": f"http://{HOST}/"}, {"back": f"https://{HOST}:8080/"}, {"back": ORIGIN},
        {"back": "http://bert.inn.localhost:8080/"}, {"back": "http://auth.inn.localhost:8080/"},
        {"back": f"{ORIGIN}@evil.example/"},
    ],
)  # fmt: skip
async def test_a_bad_wish_is_refused(inn: Inn, change: dict[str, str]) -> None:
    """An unknown host, a bad nonce, count or way back is 400, signed in or not; no ticket is made."""
    browser, user = await inn.guest("anna")
    await inn.guest("bert")
    await inn.routed(await inn.stack(user))

    answers = [await browser.get(path(**change)), await inn.browser().get(path(**change))]

    assert [400, 400] == [answer.status_code for answer in answers]
    assert all("location" not in answer.headers for answer in answers)
    assert [] == [key async for key in inn.services.redis.scan_iter("ticket:*")]


async def test_no_hostile_way_back_gets_a_ticket(inn: Inn) -> None:
    """No target of the corpus, alone or behind the stack's own origin without a slash, passes."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    behind = [f"{ORIGIN}{target}" for target in TARGETS if not target.startswith("/")]

    for target in TARGETS + behind:
        answer = await browser.get(f"/enter?host={HOST}&nonce={'ab' * 32}&left=1&back={quote(target, safe='')}")
        assert answer.status_code == 400, target


@pytest.mark.parametrize("name", ["host", "nonce", "back", "left"])
async def test_a_part_missing_or_doubled_is_refused(inn: Inn, name: str) -> None:
    """Each part is there exactly once; the nonce alone may be missing."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    missing = {key: value for key, value in GOOD.items() if key != name}

    assert (200 if name == "nonce" else 400) == (await browser.get(f"/enter?{urlencode(missing)}")).status_code
    assert 400 == (await browser.get(f"{path()}&{urlencode({name: GOOD[name]})}")).status_code


async def test_a_forged_or_moved_route_is_no_route(inn: Inn) -> None:
    """A route that was not sealed by us, or was sealed for another host, is not believed."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    redis = inn.services.redis
    own, other = await redis.mget(route_key(HOST), route_key(API))
    assert isinstance(own, bytes)
    assert isinstance(other, bytes)

    for raw in (b"{}", b"", b"\0" * 32 + own[32:], own[:-1] + b"!", other):
        await redis.set(route_key(HOST), raw)
        assert 400 == (await browser.get(path())).status_code


async def test_before_routes_are_there_it_is_503(inn: Inn) -> None:
    """While the marker is missing an unknown host may be a known one: 503 with Retry-After, not 400."""
    browser, _ = await inn.guest("anna")

    early = await browser.get(path())
    await inn.services.redis.set(ROUTES_LOADED, inn.services.routes.seal(ROUTES_LOADED, {"at": 1.0}))
    late = await browser.get(path())

    assert (503, "1", 400) == (early.status_code, early.headers["Retry-After"], late.status_code)


async def test_a_disabled_user_gets_no_ticket(inn: Inn) -> None:
    """Who was disabled since is a stranger."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    await accounts.disable(inn.services.engine, "anna")

    assert (await browser.get(path())).headers["location"].startswith("/sign-in?")


async def test_without_a_nonce_the_host_is_asked_for_one_by_a_form(inn: Inn) -> None:
    """A program's sign-in URL has no nonce: a page POSTs to the host's start, and the ticket comes by POST, too."""
    browser, user = await inn.guest("anna")
    await inn.routed(await inn.stack(user))
    wish = {key: value for key, value in GOOD.items() if key != "nonce"}

    page = await browser.get(f"/enter?{urlencode(wish)}")
    after = await browser.get(path())

    assert f'action="{ORIGIN}/.innkeeper/start?' in page.text
    assert "ticket" not in page.text
    assert f'action="{ORIGIN}/.innkeeper/enter?' in after.text
