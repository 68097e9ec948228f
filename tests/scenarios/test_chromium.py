"""What a person sees and does, in a real Chromium."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.scenarios.browser import chromium, pictures, serious
from tests.scenarios.conftest import PASSWORD, Inn, eventually

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser, as a person who was never here has it, with every page's policy in force."""
    fresh = browser.new_context()
    yield fresh
    fresh.close()


def sign_up(inn: Inn, page: Page, handle: str) -> None:
    page.goto(f"{inn.site.portal}/sign-up")
    page.fill("[name=handle]", handle)
    page.fill("[name=email]", f"{handle}@example.com")
    page.fill("[name=password]", PASSWORD)
    page.select_option("[name=region]", "fra")
    page.click("main form button[type=submit]")


def sign_in(inn: Inn, page: Page, handle: str) -> None:
    page.goto(f"{inn.site.portal}/sign-in")
    page.fill("[name=email]", f"{handle}@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url(f"{inn.site.portal}/")


def asks(inn: Inn, context: BrowserContext, url: str) -> int:
    """What the browser's cookies open: the status of a program's request with them."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies(url))
    headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Cookie": cookies}
    return inn.visitor().get(url, headers=headers).status_code


def test_from_sign_up_to_ones_own_stack_and_out_again(inn: Inn, context: BrowserContext) -> None:
    """A newcomer signs up, sees progress, stands in an own stack, signs out there; going back shows nothing of it."""
    page = context.new_page()
    sign_up(inn, page, "greta")
    page.wait_for_url(lambda url: "/stacks/" in url or "//greta." in url)
    page.wait_for_url(inn.url("greta"), timeout=40_000)
    expect(page.locator("body")).to_contain_text("greta")
    inside = page.inner_text("body")

    page.click("a[href*='sign-out']")
    page.wait_for_url(f"{inn.site.portal}/sign-out")
    page.click("main form button[type=submit]")
    page.wait_for_url(f"{inn.site.portal}/signed-out")
    page.go_back()
    page.go_back()
    page.go_back()

    assert inside != page.inner_text("body")
    assert "X-Auth-Assertion" not in page.inner_text("body")
    assert 401 == asks(inn, context, inn.url("greta", "/echo"))


@pytest.mark.parametrize("script", [True, False])
def test_signed_out_one_signs_in_on_the_way_to_a_stack(inn: Inn, anna: object, browser: Browser, script: bool) -> None:
    """Signed out, a stack's URL leads to sign-in and, its form sent, to that very URL; no policy stands in the way."""
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    asked_for = inn.url("anna", "/echo?first=1&then=2")

    page.goto(asked_for)
    page.wait_for_url(lambda url: url.startswith(f"{inn.site.portal}/sign-in?next="))
    page.fill("[name=email]", "anna@example.com")
    page.fill("[name=password]", "not the one")
    page.click("main form button[type=submit]")
    expect(page.locator("[role=alert]")).to_be_visible()
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")

    page.wait_for_url(asked_for)
    expect(page.locator("body")).to_contain_text("anna")
    assert 200 == asks(inn, context, inn.url("anna", "/echo"))
    assert [] == refused
    context.close()


def test_without_script_sign_up_works_too(inn: Inn, browser: Browser) -> None:
    """Without script the progress page refreshes itself and leads to the stack by a link."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_up(inn, page, "hanna")
    page.wait_for_url(lambda url: "/stacks/" in url)
    assert eventually(lambda: inn.state_of("hanna") == "running", within=30)
    page.reload()

    page.click(f"a[href^='{inn.url('hanna')}']")

    page.wait_for_url(inn.url("hanna"))
    context.close()


def test_a_second_user_is_refused_kindly(inn: Inn, anna: object, bert: object, context: BrowserContext) -> None:
    """Another user's stack shows a page that says who one is and whom to ask."""
    page = context.new_page()
    sign_in(inn, page, "bert")

    answer = page.goto(inn.url("anna"))

    assert answer is not None
    assert 403 == answer.status
    assert "bert" in page.inner_text("main")
    assert [] == serious(page)


@pytest.fixture
def pages_of_anna(inn: Inn, anna: object) -> Iterator[dict[str, str]]:
    """Paths of anna's host served by the test instead of her app, behind the real gate: path -> body."""
    bodies: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies.get(self.path, "").encode()
            self.send_response(200)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Service-Worker-Allowed", "/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    rule = f"Host(`{inn.host('anna')}`) && PathPrefix(`/hostile/`)"
    service = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{server.server_port}"}]}}
    router = {"rule": rule, "service": "hostile", "priority": 100_000}
    file = inn.state / "traefik" / "dynamic" / "zz-hostile.yml"
    file.write_text(yaml.safe_dump({"http": {"routers": {"hostile": router}, "services": {"hostile": service}}}))
    bodies["/hostile/ready"] = "ready"
    visitor = inn.visitor()
    visitor.sign_in("anna@example.com", PASSWORD)
    assert eventually(lambda: visitor.visit(inn.url("anna", "/hostile/ready")).text == "ready")
    yield bodies
    file.unlink()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_hostile_stack_cannot_use_its_visitors_session_elsewhere(
    inn: Inn, bert: object, pages_of_anna: dict[str, str], context: BrowserContext
) -> None:
    """A page of one stack that fetches, posts to or opens a WebSocket of another is refused, its visitor signed in."""
    pages_of_anna["/hostile/page"] = "<!doctype html><title>hostile</title><main>hostile</main>"
    page = context.new_page()
    sign_in(inn, page, "bert")
    page.goto(inn.url("bert"))
    assert 200 == asks(inn, context, inn.url("bert", "/echo"))
    victim, hostile = inn.url("bert", "/echo"), context.new_page()
    shown = pages_of_anna["/hostile/page"]
    hostile.route(inn.url("anna", "/hostile/page"), lambda route: route.fulfill(body=shown, content_type="text/html"))
    hostile.goto(inn.url("anna", "/hostile/page"))

    statuses: list[int] = []
    context.on("response", lambda answer: statuses.append(answer.status) if answer.url.startswith(victim) else None)
    ask = "options => fetch(options.url, options).then(r => r.status, () => 'blocked')"
    fetched = hostile.evaluate(ask, {"url": victim, "credentials": "include"})
    blind = {"url": victim, "credentials": "include", "method": "POST", "mode": "no-cors", "body": "x"}
    posted = hostile.evaluate(ask, blind)
    socket = hostile.evaluate(
        f"new Promise(done => {{ const s = new WebSocket('{victim.replace('http', 'ws', 1).replace('/echo', '/ws')}');"
        " s.onopen = () => done('open'); s.onerror = () => done('refused') })"
    )
    hostile.evaluate(
        f"(() => {{ const f = document.createElement('form'); f.method = 'post'; f.action = '{victim}';"
        " document.body.append(f); f.submit() })()"
    )
    hostile.wait_for_url(victim)

    assert fetched != 200
    assert posted != 200
    assert "refused" == socket
    assert 200 not in statuses
    assert "x-auth-user" not in hostile.content().lower()


def test_a_service_worker_that_answers_all_from_its_cache_locks_nobody_out(
    inn: Inn, pages_of_anna: dict[str, str], context: BrowserContext
) -> None:
    """An app whose service worker answers every navigation itself: its user can sign in again all the same."""
    pages_of_anna["/hostile/page"] = "<!doctype html><title>app</title><main>cached shell</main>"
    pages_of_anna["/hostile/worker.js"] = (
        "self.addEventListener('install', e => { self.skipWaiting();"
        " e.waitUntil(caches.open('c').then(c => c.add('/hostile/page'))) });"
        "self.addEventListener('activate', e => e.waitUntil(self.clients.claim()));"
        "self.addEventListener('fetch', e => { if (e.request.mode === 'navigate' && e.request.method === 'GET')"
        " e.respondWith(caches.match('/hostile/page')) });"
    )
    page = context.new_page()
    sign_in(inn, page, "anna")
    page.goto(inn.url("anna", "/hostile/page"))
    page.evaluate(
        "navigator.serviceWorker.register('/hostile/worker.js', {scope: '/'})"
        ".then(() => navigator.serviceWorker.ready)"
        ".then(() => new Promise(done => navigator.serviceWorker.controller ? done()"
        " : navigator.serviceWorker.addEventListener('controllerchange', () => done())))"
    )
    context.clear_cookies()
    page.goto(inn.url("anna", "/anything"))
    assert "cached shell" in page.inner_text("main")
    assert 401 == page.evaluate("fetch('/echo').then(r => r.status)")
    link = page.evaluate("fetch('/echo').then(r => r.json()).then(answer => answer.sign_in)")

    page.goto(link)
    page.fill("[name=email]", "anna@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")

    page.wait_for_url(inn.url("anna", "/anything"))
    assert 200 == asks(inn, context, inn.url("anna", "/echo"))


def test_the_pages_are_good_to_look_at(inn: Inn, anna: object, bert: object, browser: Browser) -> None:
    """Every page, phone and desk, light and dark: nothing serious for axe, no sideways scroll, a picture kept."""
    stranger, guest = browser.new_context(), browser.new_context()
    sign_in(inn, guest.new_page(), "bert")
    stack = inn.site.portal + guest.pages[0].get_attribute("a[href^='/stacks/']", "href", timeout=5000)  # type: ignore[operator]

    faults = pictures(stranger, f"{inn.site.portal}/sign-up", "sign-up")
    faults += pictures(stranger, f"{inn.site.portal}/sign-in", "sign-in")
    faults += pictures(stranger, inn.site.origin("nobody.inn.localhost"), "not-found")
    faults += pictures(guest, f"{inn.site.portal}/", "my-stacks")
    faults += pictures(guest, stack, "progress")
    faults += pictures(guest, f"{inn.site.portal}/sign-out", "sign-out")
    faults += pictures(guest, inn.url("bert"), "hello")
    faults += pictures(guest, inn.url("anna"), "forbidden")
    inn.run("stacks", "stop", "bert")
    faults += pictures(guest, inn.url("bert"), "stopped")
    inn.run("stacks", "start", "bert")

    assert [] == faults
    stranger.close()
    guest.close()
