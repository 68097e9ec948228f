"""The hand-off at the running gate: from the refused navigation to a session on every host of the stack."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from stack_deployer.contract.bus import digest
from tests.unit.auth_manager.gate.conftest import World
from tests.unit.auth_manager.gate.examples import API_ORIGIN, HOSTS, ORIGIN, ROUTE, SITE, forwarded

NONCE = "n" * 43
API_ROUTE = replace(ROUTE, host=HOSTS[1])
COOKIE = f"__Host-ink_nonce={NONCE}.0"
ENTER = f"/.innkeeper/enter?back={'http%3A%2F%2Falice.inn.test%3A8080%2Fa'}"


async def ticket(world: World, nonce: str = NONCE, **changed: str) -> str:
    """A ticket as the portal makes it for a browser with that nonce."""
    sso = changed.pop("sso", None) or await world.sign_in()
    value = {"user_id": "u-alice", "user": "alice", "sso": sso, "host": HOSTS[0], "stack_id": ROUTE.stack_id}
    return await world.tickets.issue("enter", value | {"nonce": digest(nonce)} | changed, 60)


async def ask(traefik: httpx.AsyncClient, uri: str, method: str = "GET", **more: str) -> httpx.Response:
    """The gate's answer to a browser's navigation."""
    return await traefik.get("/auth", headers=forwarded(uri, method, sec_fetch_mode="navigate", **more))


def session_of(answer: httpx.Response) -> str | None:
    """The session cookie that the answer sets."""
    for cookie in answer.headers.get_list("set-cookie"):
        name, _, rest = cookie.partition("=")
        if name == "__Host-ink_stack":
            return f"{name}={rest.split(';')[0]}"
    return None


def nonce_of(answer: httpx.Response) -> str | None:
    """The nonce cookie's value that the answer sets."""
    for cookie in answer.headers.get_list("set-cookie"):
        if cookie.startswith("__Host-ink_nonce="):
            assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
            return cookie.split("=", 1)[1].split(";")[0]
    return None


async def test_refused_navigation_goes_to_the_portal(traefik: httpx.AsyncClient, world: World) -> None:
    """A navigation without session goes to the portal with host, the nonce's digest, the way back and hosts left."""
    answer = await ask(traefik, "/a?b=c&d=//e")
    nonce = nonce_of(answer)
    assert nonce is not None
    url = urlsplit(answer.headers["location"])

    assert 302 == answer.status_code
    assert f"{SITE.portal}/enter" == f"{url.scheme}://{url.netloc}{url.path}"
    secret, tries = nonce.split(".")
    wanted = {"host": HOSTS[0], "nonce": digest(secret), "back": f"{ORIGIN}/a?b=c&d=//e", "left": "1"}
    assert (wanted, "0") == (dict(parse_qsl(url.query)), tries)


async def test_nonce_is_never_overwritten(traefik: httpx.AsyncClient, world: World) -> None:
    """A browser that has a nonce keeps it: another tab's hand-off may be on its way with it."""
    answer = await ask(traefik, "/", cookie=COOKIE)

    assert nonce_of(answer) is None
    assert f"nonce={digest(NONCE)}&" in answer.headers["location"]


async def test_refused_post_comes_back_to_its_page(traefik: httpx.AsyncClient, world: World) -> None:
    """A form sent after the session ended is not lost to a repeated POST: 303, and back to the form."""
    answer = await ask(traefik, "/save", "POST", referer=f"{ORIGIN}/form", origin=ORIGIN)

    assert 303 == answer.status_code
    assert [f"{ORIGIN}/form"] == parse_qs(urlsplit(answer.headers["location"]).query)["back"]


async def test_ticket_makes_a_session(traefik: httpx.AsyncClient, world: World) -> None:
    """A ticket bound to this browser, host and stack makes a session that lets its user in."""
    answer = await ask(traefik, f"{ENTER}&left=0&ticket={await ticket(world)}", cookie=COOKIE)
    cookie = session_of(answer)

    assert (302, f"{ORIGIN}/a") == (answer.status_code, answer.headers["location"])
    assert cookie is not None
    assert 200 == (await ask(traefik, "/", cookie=cookie)).status_code


async def test_every_host_is_visited(traefik: httpx.AsyncClient, world: World) -> None:
    """After the dashboard's host the browser goes to the API's, and from the last one back."""
    first = await ask(traefik, f"{ENTER}&left=1&ticket={await ticket(world)}", cookie=COOKIE)
    there = f"{API_ORIGIN}/.innkeeper/start?back=http%3A%2F%2Falice.inn.test%3A8080%2Fa&left=0"
    assert there == first.headers["location"]

    await world.publish(API_ROUTE)
    start = await ask(traefik, there.removeprefix(API_ORIGIN), host=HOSTS[1], cookie=COOKIE)
    query = parse_qs(urlsplit(start.headers["location"]).query)
    assert ([HOSTS[1]], ["0"], [f"{ORIGIN}/a"]) == (query["host"], query["left"], query["back"])

    second = await ticket(world, host=HOSTS[1])
    last = await ask(traefik, f"{ENTER}&left=0&ticket={second}", host=HOSTS[1], cookie=COOKIE)
    assert f"{ORIGIN}/a" == last.headers["location"]
    assert session_of(last) is not None


async def test_post_is_answered_by_303(traefik: httpx.AsyncClient, world: World) -> None:
    """The portal's form may bring the ticket by POST, also without an Origin of its own."""
    for origin in (SITE.portal, "null"):
        uri = f"{ENTER}&left=0&ticket={await ticket(world)}"
        answer = await ask(traefik, uri, "POST", origin=origin, cookie=COOKIE)

        assert 303 == answer.status_code
        assert session_of(answer) is not None


async def test_post_from_elsewhere_is_refused(traefik: httpx.AsyncClient, world: World) -> None:
    """Nobody but the portal's page posts a ticket, and the ticket stays good."""
    good = await ticket(world)
    answer = await ask(traefik, f"{ENTER}&ticket={good}", "POST", origin=ORIGIN, cookie=COOKIE)

    assert 403 == answer.status_code
    assert session_of(await ask(traefik, f"{ENTER}&ticket={good}", cookie=COOKIE)) is not None


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS"])
async def test_other_methods_use_up_nothing(traefik: httpx.AsyncClient, world: World, method: str) -> None:
    """A ticket is not used up by a method that only looks."""
    good = await ticket(world)
    answer = await ask(traefik, f"{ENTER}&ticket={good}", method, cookie=COOKIE)

    assert (405, "GET, POST") == (answer.status_code, answer.headers["allow"])
    assert session_of(await ask(traefik, f"{ENTER}&ticket={good}", cookie=COOKIE)) is not None


async def test_used_ticket(traefik: httpx.AsyncClient, world: World) -> None:
    """A ticket used twice makes one session; the second time leads to the clean URL, one try counted."""
    uri = f"{ENTER}&ticket={await ticket(world)}"
    assert session_of(await ask(traefik, uri, cookie=COOKIE)) is not None

    again = await ask(traefik, uri, cookie=COOKIE)

    assert (302, f"{ORIGIN}/a", None) == (again.status_code, again.headers["location"], session_of(again))
    assert f"{NONCE}.1" == nonce_of(again)


async def test_ticket_used_by_many_at_once(traefik: httpx.AsyncClient, world: World) -> None:
    """Of fifty that bring one ticket at once, one gets a session."""
    uri = f"{ENTER}&ticket={await ticket(world)}"

    answers = await asyncio.gather(*(ask(traefik, uri, cookie=COOKIE) for _ in range(50)))

    assert 1 == len([answer for answer in answers if session_of(answer)])


@pytest.mark.parametrize("changed", [{"host": HOSTS[1]}, {"stack_id": "b" * 32}, {"sso": "f" * 64}])
async def test_ticket_for_elsewhere(traefik: httpx.AsyncClient, world: World, changed: dict[str, str]) -> None:
    """A ticket for another host or stack, or of a sign-in that has ended, makes no session."""
    answer = await ask(traefik, f"{ENTER}&ticket={await ticket(world, **changed)}", cookie=COOKIE)

    assert (302, None, f"{NONCE}.1") == (answer.status_code, session_of(answer), nonce_of(answer))


@pytest.mark.parametrize("bad", ["", "x", "t" * 43, "t" * 5000, "%00", "%C3%A9"])
async def test_forged_ticket(traefik: httpx.AsyncClient, world: World, bad: str) -> None:
    """A ticket that we did not make makes no session."""
    answer = await ask(traefik, f"{ENTER}&ticket={bad}", cookie=COOKIE)

    assert (302, None, f"{NONCE}.1") == (answer.status_code, session_of(answer), nonce_of(answer))


async def test_link_tickets_open_no_host(traefik: httpx.AsyncClient, world: World) -> None:
    """A ticket of another kind is none."""
    link = await world.tickets.issue("link", {"user_id": "u-alice"}, 60)

    assert session_of(await ask(traefik, f"{ENTER}&ticket={link}", cookie=COOKIE)) is None


async def test_attackers_link(traefik: httpx.AsyncClient, world: World) -> None:
    """A victim who opens an attacker's unused link does not become the attacker, and is not hindered either."""
    uri = f"{ENTER}&ticket={await ticket(world, nonce='m' * 43)}"

    with_nonce, without = await ask(traefik, uri, cookie=COOKIE), await ask(traefik, uri)

    assert (None, None) == (session_of(with_nonce), session_of(without))
    assert (302, f"{ORIGIN}/a", None) == (
        with_nonce.status_code, with_nonce.headers["location"], nonce_of(with_nonce),
    )  # fmt: skip


async def test_third_failure_is_a_page(traefik: httpx.AsyncClient, world: World) -> None:
    """After two failures there is a page instead of a third circle, with a link that begins anew."""
    second = await ask(traefik, f"{ENTER}&ticket=x", cookie=f"__Host-ink_nonce={NONCE}.1")
    assert f"{NONCE}.2" == nonce_of(second)

    third = await ask(traefik, f"{ENTER}&ticket=x", cookie=f"__Host-ink_nonce={NONCE}.2")
    assert (400, None, None) == (third.status_code, session_of(third), nonce_of(third))
    assert "/.innkeeper/start?back=http%3A%2F%2Falice.inn.test%3A8080%2Fa&amp;anew=1" in third.text

    anew = await ask(traefik, "/.innkeeper/start?back=x&anew=1", cookie=f"__Host-ink_nonce={NONCE}.2")
    assert f"{NONCE}.0" == nonce_of(anew)
    assert anew.headers["location"].startswith(f"{SITE.portal}/enter?host={HOSTS[0]}&nonce={digest(NONCE)}&")


async def test_success_forgets_failures(traefik: httpx.AsyncClient, world: World) -> None:
    """A hand-off that succeeds sets the count back and keeps the nonce."""
    good = await ticket(world)
    answer = await ask(traefik, f"{ENTER}&ticket={good}", cookie=f"__Host-ink_nonce={NONCE}.1")

    assert f"{NONCE}.0" == nonce_of(answer)


async def test_browser_without_cookies(traefik: httpx.AsyncClient, world: World) -> None:
    """A POST without any nonce shows a browser that keeps no cookies: it is told at once, not led in circles."""
    answer = await ask(traefik, f"{ENTER}&ticket={await ticket(world)}", "POST", origin=SITE.portal)

    assert (400, None) == (answer.status_code, session_of(answer))
    assert "does not keep cookies" in answer.text


async def test_live_session_is_kept(traefik: httpx.AsyncClient, world: World) -> None:
    """Who has a session on this host gets no other: on to the page, or to the next host."""
    cookie = await world.enter(await world.sign_in())
    for uri in (f"{ENTER}&left=0&ticket=x", "/.innkeeper/start?left=0&back=http%3A%2F%2Falice.inn.test%3A8080%2Fa"):
        answer = await ask(traefik, uri, cookie=cookie)

        assert (302, f"{ORIGIN}/a", None) == (answer.status_code, answer.headers["location"], session_of(answer))

    onward = await ask(traefik, "/.innkeeper/start", cookie=cookie)
    assert onward.headers["location"].startswith(f"{API_ORIGIN}/.innkeeper/start?back=")
    assert onward.headers["location"].endswith("&left=0")


async def test_failure_on_a_further_host_tries_there_again(traefik: httpx.AsyncClient, world: World) -> None:
    """A failed hand-off of the API's host begins again there: going back would leave it without a session."""
    await world.publish(API_ROUTE)
    answer = await ask(traefik, f"{ENTER}&left=0&ticket=x", host=HOSTS[1], cookie=COOKIE)

    wanted = f"{API_ORIGIN}/.innkeeper/start?back=http%3A%2F%2Falice.inn.test%3A8080%2Fa&left=0"
    assert (302, wanted) == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("back", ["//evil.example", "http://evil.example/", f"{ORIGIN}@evil.example/", "%0d%0aX:y"])
async def test_way_back_stays_home(traefik: httpx.AsyncClient, world: World, back: str) -> None:
    """No way back leads off the stack's hosts, on success or failure, at start or end."""
    cookie = await world.enter(await world.sign_in())
    for uri, cookies in (
        (f"/.innkeeper/enter?back={back}&left=0&ticket=x", COOKIE),
        (f"/.innkeeper/enter?back={back}&left=0", cookie),
        (f"/.innkeeper/start?back={back}&left=0", cookie),
    ):
        assert f"{ORIGIN}/" == (await ask(traefik, uri, cookie=cookies)).headers["location"]


@pytest.mark.parametrize("left", ["99", "-1", "x", "", "1e3", "%D9%A1"])
async def test_hosts_left_are_bounded(traefik: httpx.AsyncClient, world: World, left: str) -> None:
    """However many hosts a URL claims to be left, it is at most the stack's others."""
    answer = await ask(traefik, f"/.innkeeper/start?left={left}")

    assert parse_qs(urlsplit(answer.headers["location"]).query)["left"] in (["0"], ["1"])


async def test_repeated_parameters_are_absent(traefik: httpx.AsyncClient, world: World) -> None:
    """A parameter that comes twice counts as absent: two readers could choose two values."""
    good = await ticket(world)
    answer = await ask(traefik, f"{ENTER}&ticket={good}&ticket={good}", cookie=COOKIE)

    assert session_of(answer) is None
