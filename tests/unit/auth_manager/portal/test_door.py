"""What every request passes first, and what every answer carries."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.auth_manager.portal.conftest import Inn


@pytest.mark.parametrize("peer", ["127.0.0.2", "10.0.0.1", "203.0.113.9", "::1"])
async def test_other_peers_are_refused(inn: Inn, peer: str) -> None:
    """A peer that is not on the list gets 403 on every page, whatever it says of itself."""
    browser = inn.browser(peer)

    for path in ("/", "/sign-in", "/enter", "/api/auth/login", "/static/portal.css", "/nothing"):
        answer = await browser.get(path, **{"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1"})
        assert answer.status_code == 403, path
    assert (await browser.post("/sign-in", {"email": "a@b.c"})).status_code == 403


async def test_health_is_told_to_everybody(inn: Inn) -> None:
    """Whoever watches over the process may ask for its health, from any address and by any name."""
    browser = inn.browser("203.0.113.9")

    assert 200 == (await browser.get("/health", Host="127.0.0.1:8401")).status_code
    assert (await browser.get("/ready", Host="127.0.0.1:8401")).status_code in (200, 503)


@pytest.mark.parametrize(
    "host",
    [
        "inn.localhost:8080", "evil.example", "auth.inn.localhost.evil.example", "anna.inn.localhost:8080",
        "127.0.0.1:8401", "",
        "auth.inn.localhost@evil.example", "auth.inn.localhost/", "auth.inn.localhost:x",
        "auth.inn.localhost, evil.example", "auth..inn.localhost",
    ],
)  # fmt: skip
async def test_other_hosts_are_misdirected(inn: Inn, host: str) -> None:
    """A request for any host but the portal's own gets 421."""
    assert 421 == (await inn.browser().get("/sign-in", Host=host)).status_code


@pytest.mark.parametrize("host", ["auth.inn.localhost", "AUTH.Inn.Localhost:8080", "auth.inn.localhost.:8080"])
async def test_the_portals_host_is_known_in_every_spelling(inn: Inn, host: str) -> None:
    """Case, port and trailing dot do not matter."""
    assert 200 == (await inn.browser().get("/sign-in", Host=host)).status_code


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-up", "/signed-out", "/", "/nothing", "/enter", "/health", "/static/portal.css"]
)
async def test_every_answer_is_safe_to_show(inn: Inn, path: str) -> None:
    """Every answer, errors too, has a strict policy, no sniffing, no framing, no referrer to others."""
    headers = (await inn.browser().get(path)).headers

    policy = headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


async def test_pages_are_kept_by_no_cache_and_files_are(inn: Inn) -> None:
    """Pages are no-store; the style sheet, whose URL names its content, may be kept."""
    page = await inn.browser().get("/sign-in")
    sheet = page.text.split('rel="stylesheet" href="', 1)[1].split('"', 1)[0]

    assert page.headers["Cache-Control"] == "no-store"
    assert "max-age" in (await inn.browser().get(sheet)).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404), ("GET", "/static/nothing.css", 404), ("GET", "/static/../base.html", 404),
        ("GET", "/static/%2e%2e/base.html", 404),
        ("PUT", "/sign-in", 405), ("DELETE", "/", 405), ("POST", "/", 405), ("GET", "/api/auth/login", 405),
        ("POST", "/enter", 405),
        ("GET", "/sign-in/", 404),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_refused_with_a_page(inn: Inn, method: str, path: str, status: int) -> None:
    """Unknown paths and methods get a clear answer, no traceback."""
    answer = await inn.browser().request(method, path)

    assert status == answer.status_code
    assert "Traceback" not in answer.text


async def test_head_is_answered_as_get_without_a_body(inn: Inn) -> None:
    """HEAD works wherever GET does."""
    answer = await inn.browser().request("HEAD", "/sign-in")

    assert (200, "") == (answer.status_code, answer.text)


async def test_a_body_too_large_is_refused(inn: Inn) -> None:
    """A body of more than 64 KB gets 413, announced or not."""
    browser = inn.browser()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a" * 4096

    announced = await browser.request("POST", "/sign-in", data={"email": "a" * 100_000})
    unannounced = await browser.request(
        "POST", "/sign-in", content=endless(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert (413, 413) == (announced.status_code, unannounced.status_code)
