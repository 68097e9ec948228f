"""Signing out, and the chain past the hosts."""

from auth_manager.portal.sign_out import MAX_BYES
from auth_manager.sessions.session import COOKIE_SSO
from tests.unit.auth_manager.portal.browser import Browser
from tests.unit.auth_manager.portal.conftest import SITE, Inn


async def enter_hosts(inn: Inn, browser: Browser, hosts: list[str]) -> None:
    session = await inn.services.sessions.sso(browser.cookies[COOKIE_SSO])
    assert session is not None
    for host in hosts:
        assert await inn.services.sessions.start_host(session.digest, host=host, stack_id="0" * 32) is not None


async def test_getting_the_page_ends_nothing(inn: Inn) -> None:
    """A GET, as of an image or a prefetch, changes nothing."""
    browser, _ = await inn.guest("anna")

    assert 200 == (await browser.get("/sign-out")).status_code
    assert await inn.is_live(browser)


async def test_the_button_ends_the_session(inn: Inn) -> None:
    """POST ends the session at once, forgets its cookie and leads to the last page."""
    browser, _ = await inn.guest("anna")
    before = dict(browser.cookies)

    answer = await browser.submit("/sign-out", {})

    old = inn.browser()
    old.cookies = before
    assert (303, "/signed-out") == (answer.status_code, answer.headers["location"])
    assert not browser.signed_in
    assert not await inn.is_live(old)
    assert 200 == (await browser.get("/signed-out")).status_code


async def test_the_browser_is_led_past_its_hosts(inn: Inn) -> None:
    """The chain names every host that the browser had a session on, the first as its address."""
    browser, _ = await inn.guest("anna")
    await enter_hosts(inn, browser, ["anna.inn.localhost", "api-anna.inn.localhost", "x.inn.localhost"])

    answer = await browser.submit("/sign-out", {})

    expected = "http://anna.inn.localhost:8080/.innkeeper/bye?then=api-anna.inn.localhost,x.inn.localhost"
    assert expected == answer.headers["location"]


async def test_one_host_is_a_chain_of_one(inn: Inn) -> None:
    """With one host there is nothing to go on to."""
    browser, _ = await inn.guest("anna")
    await enter_hosts(inn, browser, ["anna.inn.localhost"])

    assert (
        "http://anna.inn.localhost:8080/.innkeeper/bye" == (await browser.submit("/sign-out", {})).headers["location"]
    )


async def test_a_long_chain_is_cut(inn: Inn) -> None:
    """Browsers give up after 20 redirects, so at most 16 hosts are visited; all sessions end all the same."""
    browser, _ = await inn.guest("anna")
    await enter_hosts(inn, browser, [f"h{number}.inn.localhost" for number in range(30)])

    location = (await browser.submit("/sign-out", {})).headers["location"]

    assert MAX_BYES == location.count("inn.localhost")
    assert [] == [key async for key in inn.services.redis.scan_iter("host:*")]


async def test_the_form_may_lead_to_stacks_hosts(inn: Inn) -> None:
    """The page's policy lets the form's redirects go to the stacks' hosts, and nowhere else."""
    browser, _ = await inn.guest("anna")

    policy = (await browser.get("/sign-out")).headers["Content-Security-Policy"]

    assert f"form-action 'self' {SITE.scheme}://*.{SITE.domain}:{SITE.port};" in policy


async def test_without_a_token_nobody_is_signed_out(inn: Inn) -> None:
    """Another site's page signs nobody out."""
    browser, _ = await inn.guest("anna")

    assert 403 == (await browser.post("/sign-out", {"csrf": ""})).status_code
    assert 403 == (await browser.submit("/sign-out", {}, **{"Sec-Fetch-Site": "cross-site"})).status_code
    assert await inn.is_live(browser)


async def test_who_is_out_is_told_so(inn: Inn) -> None:
    """Without a session the page leads to the last page; signing out twice is no error."""
    browser, _ = await inn.guest("anna")
    token = await browser.token("/sign-out")
    kept = dict(browser.cookies)
    await browser.post("/sign-out", {"csrf": token})
    browser.cookies = kept

    assert 303 == (await browser.post("/sign-out", {"csrf": token})).status_code
    assert "/signed-out" == (await inn.browser().get("/sign-out")).headers["location"]


async def test_a_session_that_lapsed_is_ended_with_all_that_came_from_it(inn: Inn) -> None:
    """Signing out after the idle time still ends the host sessions of that browser."""
    browser, _ = await inn.guest("anna")
    await enter_hosts(inn, browser, ["anna.inn.localhost"])
    token = await browser.token("/sign-out")
    session = await inn.services.sessions.sso(browser.cookies[COOKIE_SSO])
    assert session is not None
    await inn.services.redis.delete(f"idle:{session.digest}")

    answer = await browser.post("/sign-out", {"csrf": token})

    assert "http://anna.inn.localhost:8080/.innkeeper/bye" == answer.headers["location"]
    assert [] == [key async for key in inn.services.redis.scan_iter("host:*")]
