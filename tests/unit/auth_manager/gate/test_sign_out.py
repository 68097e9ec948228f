"""The gate's part of a sign-out: to the portal's button, and past the hosts that had a session."""

import httpx
import pytest

from tests.unit.auth_manager.gate.conftest import World
from tests.unit.auth_manager.gate.examples import API_ORIGIN, HOSTS, SITE, forwarded


async def navigate(traefik: httpx.AsyncClient, uri: str, host: str = HOSTS[0]) -> httpx.Response:
    """The gate's answer to a browser's navigation."""
    return await traefik.get("/auth", headers=forwarded(uri, host=host, sec_fetch_mode="navigate"))


async def test_sign_out_goes_to_the_portal(traefik: httpx.AsyncClient, world: World) -> None:
    """Signing out on a stack's host leads to the portal's page, whose button does it."""
    answer = await navigate(traefik, "/.innkeeper/sign-out")

    assert (302, f"{SITE.portal}/sign-out") == (answer.status_code, answer.headers["location"])


async def test_bye_forgets_and_goes_on(traefik: httpx.AsyncClient, world: World) -> None:
    """Bye expires both cookies, clears the cache, and passes on to the next host, at last to the portal."""
    answer = await navigate(traefik, f"/.innkeeper/bye?then={HOSTS[1]},bob.inn.test")

    assert (302, '"cache"') == (answer.status_code, answer.headers["clear-site-data"])
    assert f"{API_ORIGIN}/.innkeeper/bye?then=bob.inn.test" == answer.headers["location"]
    gone = [cookie.split(";")[0:2] for cookie in answer.headers.get_list("set-cookie")]
    assert [["__Host-ink_stack=", " Max-Age=0"], ["__Host-ink_nonce=", " Max-Age=0"]] == gone

    last = await navigate(traefik, "/.innkeeper/bye", "removed.inn.test")
    assert f"{SITE.portal}/signed-out" == last.headers["location"]


@pytest.mark.parametrize(
    "then",
    [
        "evil.example", "auth.inn.test", "inn.test", "evil.example/.inn.test", "x@evil.inn.test", "EVIL.inn.test",
        ".inn.test", "a.inn.test:80", "inn.test.evil.example", "//evil.example", ",,", "%0d%0a.inn.test",
    ],
)  # fmt: skip
async def test_bye_leads_nowhere_else(traefik: httpx.AsyncClient, world: World, then: str) -> None:
    """A name that is no stack's host is left out of a sign-out's way."""
    answer = await navigate(traefik, f"/.innkeeper/bye?then={then}")

    assert f"{SITE.portal}/signed-out" == answer.headers["location"]
