"""Redis or SQL gone: 503, no cookie touched, nothing half done; and back by itself."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth_manager.portal.app import KEYS, build
from auth_manager.portal.pages import Pages
from auth_manager.portal.peers import networks
from auth_manager.portal.services import Services
from auth_manager.sessions.session import COOKIE_SSO, Lifetimes
from auth_manager.users import accounts
from auth_manager.users.database import connect
from auth_manager.users.password import Passwords
from tests.conftest import run_redis
from tests.unit.auth_manager.portal.conftest import PASSWORD, SITE, TEMPLATES, Inn

GOOD = {"handle": "anna", "email": "anna@example.com", "password": PASSWORD, "region": "iad"}


@pytest.fixture
async def alone(tmp_path: Path, database_file: Path, passwords: Passwords) -> AsyncIterator[tuple[Inn, Path]]:
    """A portal whose Redis the test starts and stops, in the directory given beside it; not running at first."""
    directory = tmp_path / "redis"
    directory.mkdir()
    with run_redis(directory) as found:
        server = found
    engine = connect(f"sqlite:///{database_file}")
    redis = server.connect()
    (tmp_path / "server").write_text(f"{server.port} {server.password}")
    services = Services.build(
        SITE,
        engine=engine,
        redis=redis,
        keys={name: secrets.token_bytes(32) for name in KEYS},
        lifetimes=Lifetimes(idle=3600, cap=3600),
        passwords=passwords,
        pages=Pages(TEMPLATES, SITE),
    )
    yield Inn(services, build(services, networks("127.0.0.1"))), tmp_path
    await redis.aclose()
    await engine.dispose()


def again(directory: Path) -> tuple[int, str]:
    """Port and password that the portal was told."""
    port, password = (directory / "server").read_text().split()
    return int(port), password


async def test_without_redis_all_that_needs_it_is_503(alone: tuple[Inn, Path]) -> None:
    """Pages, forms and API answer 503 with Retry-After and no Set-Cookie; pages that need no session are there."""
    inn, _ = alone
    browser = inn.browser()
    browser.cookies = {COOKIE_SSO: "A" * 43}
    token = await browser.token("/sign-up")

    answers = [await browser.get(path) for path in ("/", "/sign-in", f"/stacks/{'0' * 32}", "/sign-out")]
    query = f"host=anna.inn.localhost&nonce={'0' * 64}&back=http://anna.inn.localhost:8080/&left=0"
    answers += [
        await browser.get(f"/enter?{query}"),
        await browser.get(f"/stacks/{'0' * 32}/events"),
        await browser.post("/sign-up", GOOD | {"csrf": token}),
        await browser.post("/sign-out", {"csrf": token}),
        await browser.post(f"/sign-in/link?ticket={'A' * 43}", {"csrf": token}),
    ]

    for answer in answers:
        assert (503, "1") == (answer.status_code, answer.headers["Retry-After"])
        assert "set-cookie" not in answer.headers
    assert await inn.user("anna") is None
    assert 200 == (await inn.browser().get("/sign-in")).status_code
    assert 200 == (await browser.get("/health")).status_code


async def test_a_refusal_needs_no_redis_to_be_one(alone: tuple[Inn, Path]) -> None:
    """What is not there is 404 with Redis gone as well: only who is signed in is left out of its header."""
    inn, _ = alone
    browser = inn.browser()
    browser.cookies = {COOKIE_SSO: "A" * 43}

    assert 404 == (await browser.get("/nothing")).status_code
    assert "Sign in" not in (await browser.get("/")).text.partition("</header>")[0]


async def test_a_sign_in_while_redis_is_gone_is_503(alone: tuple[Inn, Path]) -> None:
    """The right password, as form or as JSON, is 503: never "wrong", never half signed in."""
    inn, _ = alone
    await accounts.add_user(
        inn.services.engine, inn.services.passwords, handle="anna", email="anna@example.com", password=PASSWORD
    )
    browser, program = inn.browser(), inn.browser()

    page = await browser.submit("/sign-in", {"email": "anna@example.com", "password": PASSWORD})
    answer = await program.request("POST", "/api/auth/login", json={"email": "anna@example.com", "password": PASSWORD})

    assert [503, 503] == [page.status_code, answer.status_code]
    assert "unavailable" == answer.json()["error"]
    assert not browser.signed_in
    assert not program.signed_in


async def test_the_same_cookie_works_when_redis_is_back(alone: tuple[Inn, Path]) -> None:
    """A Redis that stops and comes back with its append-only file signs nobody out."""
    inn, directory = alone
    port, password = again(directory)
    with run_redis(directory / "redis", port=port, password=password):
        browser, _ = await inn.guest("anna")
        before = (await browser.get("/")).status_code
    gone = (await browser.get("/")).status_code
    with run_redis(directory / "redis", port=port, password=password):
        back = (await browser.get("/")).status_code

    assert (200, 503, 200) == (before, gone, back)


async def test_ready_names_what_is_missing(alone: tuple[Inn, Path]) -> None:
    """`/ready` is 503 and names Redis, SQL or the grants; `/health` is 200 all the while."""
    inn, directory = alone
    port, password = again(directory)

    without = await inn.browser().get("/ready")
    with run_redis(directory / "redis", port=port, password=password):
        early = await inn.browser().get("/ready")
        await inn.services.grants.make_again([])
        ready = await inn.browser().get("/ready")

    assert 503 == without.status_code
    assert without.json()["redis"].startswith("failed")
    assert "ok" == without.json()["database"]
    assert (503, "not yet") == (early.status_code, early.json()["grants"])
    assert (200, {"ready": True, "redis": "ok", "database": "ok", "grants": "ok"}) == (ready.status_code, ready.json())


async def test_without_tables_it_is_503(inn: Inn) -> None:
    """A database that cannot be read is 503, and `/ready` says so, without a word of SQL."""
    browser, _ = await inn.guest("anna")
    async with inn.services.engine.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE users RENAME TO away")

    answer, ready = await browser.get("/"), await browser.get("/ready")

    assert (503, 503) == (answer.status_code, ready.status_code)
    assert ready.json()["database"].startswith("failed")
    assert "users" not in answer.text + ready.text


async def test_a_fault_of_ours_is_500_without_details(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen error is a page, or JSON, that says nothing of the inside, with all safe headers."""

    async def fault(*_: object) -> None:
        raise RuntimeError("planted-secret")

    monkeypatch.setattr(accounts, "find_id", fault)
    guest, _ = await inn.guest("anna")

    answer = await guest.get("/")

    assert answer.status_code == 500
    assert "planted-secret" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
