"""Refusals: pages for people, JSON for programs, readable by the stack's own pages."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from auth_manager.gate import pages, refusals
from auth_manager.gate.answers import Answer
from auth_manager.gate.decide import Reason, Refused
from auth_manager.gate.forwarded import Target
from tests.unit.auth_manager.gate.examples import HOSTS, ORIGIN, ROUTE, SESSION, SITE, call, page

STATUS = {
    Reason.TOO_MANY_COOKIES: 431, Reason.REDIS_SILENT: 503, Reason.NOT_LOADED: 503, Reason.UNKNOWN_HOST: 404,
    Reason.UNKNOWN_PAGE: 404, Reason.OUR_BEARER: 401, Reason.SIGNED_OUT: 401, Reason.FRAMED: 401,
    Reason.FOREIGN_SESSION: 403, Reason.NO_SHARE: 403, Reason.FOREIGN_ORIGIN: 403, Reason.NOT_RUNNING: 503,
}  # fmt: skip


def headers(answer: Answer) -> dict[str, str]:
    """The answer's headers by name."""
    return {name.decode(): value.decode() for name, value in answer.headers}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_page_and_an_object(reason: Reason) -> None:
    """Each refusal has its status, a page with title and heading, and an object with code and message."""
    decision = Refused(reason, ROUTE, SESSION)
    shown, said = refusals.refuse(SITE, page(), decision), refusals.refuse(SITE, call(), decision)

    assert STATUS[reason] == shown.status == said.status
    assert "text/html; charset=utf-8" == headers(shown)["content-type"]
    assert re.search(rb'<html lang="en">.*<title>.+</title>.*<main><h1>.+</h1><p>.+</p>', shown.body, re.DOTALL)
    assert {"error", "message"} <= json.loads(said.body).keys()
    assert "application/json" == headers(said)["content-type"]


@pytest.mark.parametrize("reason", list(Reason))
def test_no_refusal_is_kept_or_sets_a_cookie(reason: Reason) -> None:
    """No refusal is cached, is sniffed, leaks a Referer or sets a cookie; a 503 says when to come back."""
    for target in (page(), call()):
        answer = refusals.refuse(SITE, target, Refused(reason, ROUTE, SESSION))
        given = headers(answer)

        assert ("no-store", "nosniff") == (given["cache-control"], given["x-content-type-options"])
        assert "no-referrer" == given["referrer-policy"]
        assert "set-cookie" not in given
        assert (answer.status == 503) == ("retry-after" in given)


def test_page_style_is_allowed_by_its_policy() -> None:
    """The one inline style is the one whose hash the policy names, and nothing else may load."""
    answer = refusals.refuse(SITE, page(), Refused(Reason.UNKNOWN_HOST))
    style = re.search(rb"<style>(.*)</style>", answer.body, re.DOTALL)
    assert style is not None
    policy = headers(answer)["content-security-policy"]

    assert base64.b64encode(hashlib.sha256(style[1]).digest()).decode() in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy


def test_page_escapes_what_it_is_given() -> None:
    """Whatever a worker or a user wrote, a page shows it as text."""
    route = replace(ROUTE, state="failed", reason="<script>alert('x')</script>")
    answer = refusals.refuse(SITE, page(), Refused(Reason.NOT_RUNNING, route, SESSION))

    assert b"<script>" not in answer.body
    assert b"&lt;script&gt;" in answer.body
    assert b'href="http://x/?a=&quot;&amp;b=1"' in pages.page(400, "T", [], link=pages.Link('http://x/?a="&b=1', "x"))


def test_signed_out_program_learns_where_to_sign_in() -> None:
    """A program gets 401 and a URL of the portal that signs in and leads back to the page whose script has asked."""
    target = Target(HOSTS[1], fetch_mode="cors", origin=ORIGIN, referer=f"{ORIGIN}/")
    body = json.loads(refusals.refuse(SITE, target, Refused(Reason.SIGNED_OUT, ROUTE)).body)
    url = urlsplit(body["sign_in"])

    assert f"{SITE.portal}/enter" == f"{url.scheme}://{url.netloc}{url.path}"
    assert {"host": [HOSTS[1]], "back": [f"{ORIGIN}/"], "left": ["1"]} == parse_qs(url.query)


def test_frame_gets_a_link_to_a_new_tab() -> None:
    """Inside a frame, which may show it, the page has a link that opens a tab of its own."""
    target = Target(HOSTS[0], path="/a", fetch_mode="navigate", fetch_dest="iframe")
    answer = refusals.refuse(SITE, target, Refused(Reason.FRAMED, ROUTE))

    assert b'target="_blank" rel="noopener noreferrer"' in answer.body
    assert b"back=http%3A%2F%2Falice.inn.test%3A8080%2Fa" in answer.body
    assert "frame-ancestors" not in headers(answer)["content-security-policy"]


def test_a_session_of_elsewhere_says_who_and_whom_to_ask() -> None:
    """Another stack's session is told whose it is, and whose stack this is."""
    decision = Refused(Reason.FOREIGN_SESSION, ROUTE, replace(SESSION, user="bob"))
    body = json.loads(refusals.refuse(SITE, call(), decision).body)

    assert "foreign_session" == body["error"]
    assert "bob" in body["message"]
    assert ROUTE.user in body["message"]


def test_no_share_says_who_and_whom_to_ask() -> None:
    """Who may not enter reads who they are, and whom to ask."""
    decision = Refused(Reason.NO_SHARE, ROUTE, replace(SESSION, user="bob"))

    assert b"signed in as bob" in refusals.refuse(SITE, page(), decision).body
    assert b"ask alice" in refusals.refuse(SITE, call(), decision).body


@pytest.mark.parametrize(("state", "refreshes"), [("deploying", True), ("stopped", False), ("failed", False)])
def test_page_of_a_stack_that_comes_refreshes_itself(state: str, refreshes: bool) -> None:
    """A page asks again by itself while the stack is on its way, and names its state."""
    answer = refusals.refuse(SITE, page(), Refused(Reason.NOT_RUNNING, replace(ROUTE, state=state), SESSION))

    assert refreshes == (b'http-equiv="refresh"' in answer.body)
    assert state.encode() in answer.body


def test_page_of_a_stopped_stack_says_who_starts_it() -> None:
    """A stopped stack's page says who can start it and how; its owner gets a link to the page that follows it."""
    route = replace(ROUTE, state="stopped")
    follow = f'href="{SITE.portal}/stacks/{ROUTE.stack_id}"'
    owner = refusals.refuse(SITE, page(), Refused(Reason.NOT_RUNNING, route, SESSION)).body.decode()
    guest = refusals.refuse(
        SITE, page(), Refused(Reason.NOT_RUNNING, route, replace(SESSION, user_id="guest"))
    ).body.decode()

    assert f"An operator can start it: innkeeper stacks start {ROUTE.name}" in owner
    assert f"An operator can start it: innkeeper stacks start {ROUTE.name}" in guest
    assert (True, False) == (follow in owner, follow in guest)


def test_unknown_host_leads_to_the_portal() -> None:
    """Where nobody lives there is a way on: a link to the visitor's own stacks."""
    assert f'href="{SITE.portal}"'.encode() in refusals.refuse(SITE, page(), Refused(Reason.UNKNOWN_HOST)).body


def test_own_pages_may_read_a_refusal() -> None:
    """A refusal to a sibling host's script carries the CORS headers that let it read why."""
    target = Target(HOSTS[1], origin=ORIGIN)
    given = headers(refusals.refuse(SITE, target, Refused(Reason.SIGNED_OUT, ROUTE)))

    assert ORIGIN == given["access-control-allow-origin"]
    assert "true" == given["access-control-allow-credentials"]
    assert "Origin" == given["vary"]


@pytest.mark.parametrize("origin", ["http://mallory.inn.test:8080", "null", "https://evil.example"])
def test_foreign_pages_may_not(origin: str) -> None:
    """Nobody else's page reads anything."""
    given = headers(refusals.refuse(SITE, Target(HOSTS[0], origin=origin), Refused(Reason.FOREIGN_ORIGIN, ROUTE)))

    assert "access-control-allow-origin" not in given


def test_too_many_cookies_are_cleared() -> None:
    """The browser is told to forget the cookies that did not fit, else nobody gets in again."""
    assert '"cookies"' == headers(refusals.refuse(SITE, page(), Refused(Reason.TOO_MANY_COOKIES)))["clear-site-data"]
