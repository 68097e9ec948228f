"""The decision table, a test a row, in its order; what a running gate makes of them is in test_gate_process."""

from dataclasses import replace

import pytest

from auth_manager.gate.cookies import Jar
from auth_manager.gate.decide import (
    Allowed,
    Blank,
    Bye,
    HandOff,
    Portal,
    Reading,
    Reason,
    Refused,
    SignIn,
    ToPortal,
    decide,
    needs_reading,
)
from auth_manager.gate.forwarded import Target
from tests.unit.auth_manager.gate.examples import API_ORIGIN, HOSTS, ORIGIN, ROUTE, SESSION, SITE, call, page

SIGNED_OUT = Reading(routes_loaded=True, route=ROUTE)
SIGNED_IN = replace(SIGNED_OUT, session=SESSION)
STRANGER = replace(SESSION, user_id="u-bob", user="bob")
OTHER_STACK = "http://mallory.inn.test:8080"


def reason(target: Target, reading: Reading | None) -> Reason:
    """Why the request is refused; fails when it is not."""
    decision = decide(SITE, target, reading)
    assert isinstance(decision, Refused)
    return decision.reason


def test_too_many_cookies() -> None:
    """Cookies past the limit are refused before anything else, on the portal's host too."""
    target = replace(page(host=SITE.portal_host), jar=Jar(too_large=True))

    assert Reason.TOO_MANY_COOKIES == reason(target, None)


def test_portal_host_passes() -> None:
    """The portal's host passes without Redis: it sees to its own doors."""
    target = page("/anything", host=SITE.portal_host)

    assert not needs_reading(SITE, target)
    assert Portal() == decide(SITE, target, None)


def test_bare_domain_goes_to_the_portal() -> None:
    """The bare domain leads to the portal, Redis there or not."""
    target = page(host=SITE.domain)

    assert not needs_reading(SITE, target)
    assert ToPortal() == decide(SITE, target, None)


def test_redis_silent() -> None:
    """A Redis that does not answer is never "no session"."""
    assert Reason.REDIS_SILENT == reason(page(), None)


def test_routes_not_loaded() -> None:
    """Without the routes' marker an unknown host is not yet unknown, and a session does not help."""
    assert Reason.NOT_LOADED == reason(page(), Reading(routes_loaded=False))
    assert Reason.NOT_LOADED == reason(page(), replace(SIGNED_IN, routes_loaded=False))


def test_unknown_host() -> None:
    """A host without a route is refused, with or without a session."""
    assert Reason.UNKNOWN_HOST == reason(page(host="nobody.inn.test"), Reading(routes_loaded=True, session=SESSION))


@pytest.mark.parametrize("state", ["running", "deploying", "stopped", "failed", "removing", "quarantined"])
@pytest.mark.parametrize("step", ["enter", "start", "sign-out"])
def test_hand_off_paths(step: str, state: str) -> None:
    """The hand-off's paths are ours in every state of the stack, signed in or not."""
    route = replace(ROUTE, state=state)
    target = page(f"/.innkeeper/{step}")

    assert HandOff(step, route, None) == decide(SITE, target, replace(SIGNED_OUT, route=route))
    assert HandOff(step, route, SESSION) == decide(SITE, target, replace(SIGNED_IN, route=route))


@pytest.mark.parametrize("session", [replace(SESSION, host=HOSTS[1]), replace(SESSION, stack_id="b" * 32)])
def test_hand_off_knows_its_own_sessions_alone(session: object) -> None:
    """A session of another host or stack is no live one for the hand-off."""
    reading = Reading(routes_loaded=True, route=ROUTE, session=session)  # type: ignore[arg-type]

    assert HandOff("enter", ROUTE, None) == decide(SITE, page("/.innkeeper/enter"), reading)


@pytest.mark.parametrize("path", ["/.innkeeper", "/.innkeeper/", "/.innkeeper/enter/x", "/.innkeeper/Enter"])
def test_reserved_paths_never_reach_the_app(path: str) -> None:
    """What begins with our reserved path and is no step of ours does not exist, signed in or not."""
    assert Reason.UNKNOWN_PAGE == reason(page(path), SIGNED_IN)
    assert isinstance(decide(SITE, page("/.innkeepers"), SIGNED_IN), Allowed)


@pytest.mark.parametrize("host", [HOSTS[0], "gone.inn.test"])
def test_bye_needs_nothing(host: str) -> None:
    """A browser, or what sends no fetch metadata, can forget any host, without Redis and without a route."""
    for target in (page("/.innkeeper/bye", host=host), Target(host, path="/.innkeeper/bye")):
        assert not needs_reading(SITE, target)
        assert Bye() == decide(SITE, target, None)


def test_bye_is_for_a_person_on_the_way() -> None:
    """An image, a frame, a script or a form of another page does not make a browser forget a host."""
    image = Target(HOSTS[0], path="/.innkeeper/bye", fetch_mode="no-cors", fetch_site="same-site")
    frame = Target(HOSTS[0], path="/.innkeeper/bye", fetch_mode="navigate", fetch_dest="iframe")
    form = Target(HOSTS[0], path="/.innkeeper/bye", fetch_mode="navigate", method="POST")

    for target in (image, frame, form):
        assert needs_reading(SITE, target)
        assert Reason.UNKNOWN_PAGE == reason(target, SIGNED_IN)


def test_bye_is_for_our_hosts() -> None:
    """A host outside the domain gets no answer of ours at that path."""
    assert Reason.UNKNOWN_HOST == reason(page("/.innkeeper/bye", host="inn.test.example"), Reading(True))


@pytest.mark.parametrize("reading", [SIGNED_OUT, SIGNED_IN])
def test_public_path_passes_as_nobody(reading: Reading) -> None:
    """A public path passes without identity, even for who is signed in."""
    assert Blank() == decide(SITE, call("/public/x"), reading)


@pytest.mark.parametrize("value", [b"Bearer ink_x", b"bearer  ink_x", b" BEARER\tink_"])
def test_our_bearer_is_refused(value: bytes) -> None:
    """Our own keys in Authorization are refused by name, session or not, never handed to the app."""
    target = Target(HOSTS[0], authorization=value)

    assert Reason.OUR_BEARER == reason(target, SIGNED_IN)
    assert Reason.OUR_BEARER == reason(target, SIGNED_OUT)


def test_other_authorization_is_the_apps_own() -> None:
    """Any other Authorization passes, and the session decides."""
    target = Target(HOSTS[0], authorization=b"Bearer somebody-elses")

    assert isinstance(decide(SITE, target, SIGNED_IN), Allowed)
    assert Reason.SIGNED_OUT == reason(target, SIGNED_OUT)


@pytest.mark.parametrize("origin", [ORIGIN, API_ORIGIN, "https://partner.example"])
def test_preflight_of_own_hosts_passes(origin: str) -> None:
    """A preflight, which carries no cookie, passes as nobody between the stack's hosts and to listed origins."""
    target = Target(HOSTS[1], "OPTIONS", origin=origin, preflight_method="POST")

    assert Blank() == decide(SITE, target, SIGNED_OUT)


@pytest.mark.parametrize("origin", [OTHER_STACK, "null", "https://evil.example", SITE.portal])
def test_preflight_of_others_is_refused(origin: str) -> None:
    """A foreign preflight is a program's request like any other."""
    target = Target(HOSTS[0], "OPTIONS", origin=origin, preflight_method="POST", accepts_html=True)

    assert Reason.SIGNED_OUT == reason(target, SIGNED_OUT)
    assert Reason.FOREIGN_ORIGIN == reason(target, SIGNED_IN)


@pytest.mark.parametrize("target", [page(), page(method="POST"), Target(HOSTS[0], accepts_html=True)])
def test_navigation_without_session_signs_in(target: Target) -> None:
    """A person is sent to sign in, told by Fetch Metadata or, where there is none, by Accept."""
    assert SignIn(ROUTE) == decide(SITE, target, SIGNED_OUT)


@pytest.mark.parametrize("dest", ["iframe", "frame", "embed", "object"])
def test_frame_without_session(dest: str) -> None:
    """Inside another page nobody is redirected to sign in."""
    assert Reason.FRAMED == reason(Target(HOSTS[0], fetch_mode="navigate", fetch_dest=dest), SIGNED_OUT)


@pytest.mark.parametrize(
    "target",
    [
        call(),
        Target(HOSTS[0], fetch_mode="cors", accepts_html=True),
        Target(HOSTS[0], websocket=True, fetch_mode="navigate"),
        Target(HOSTS[0], "OPTIONS", accepts_html=True),
    ],
)
def test_program_without_session(target: Target) -> None:
    """A program, a script, a WebSocket: told to sign in, never redirected."""
    assert Reason.SIGNED_OUT == reason(target, SIGNED_OUT)


def test_session_without_share() -> None:
    """Another user, of the same tenant too, does not enter."""
    reading = replace(SIGNED_IN, session=STRANGER, grants_loaded=True)

    assert Refused(Reason.NO_SHARE, ROUTE, STRANGER) == decide(SITE, page(), reading)


def test_session_with_an_unknown_role() -> None:
    """A role that we do not know is none."""
    reading = replace(SIGNED_IN, session=STRANGER, grants_loaded=True, role="emperor")

    assert Reason.NO_SHARE == reason(page(), reading)


def test_shares_not_loaded() -> None:
    """Before the shares are there, nobody is told that they have none."""
    assert Reason.NOT_LOADED == reason(page(), replace(SIGNED_IN, session=STRANGER))
    assert Reason.NOT_LOADED == reason(page(), replace(SIGNED_IN, session=STRANGER, role="viewer"))


def test_session_of_another_host() -> None:
    """A session carried here from another host, of this stack or another, is refused."""
    for session in (replace(SESSION, host=HOSTS[1]), replace(SESSION, host="bob.inn.test", stack_id="b" * 32)):
        assert Reason.FOREIGN_SESSION == reason(page(), replace(SIGNED_IN, session=session))


def test_session_of_a_removed_stack() -> None:
    """A stack made again under the same name revives no session: it is as if there were none."""
    reading = replace(SIGNED_IN, session=replace(SESSION, stack_id="b" * 32))

    assert SignIn(ROUTE) == decide(SITE, page(), reading)
    assert Reason.SIGNED_OUT == reason(call(), reading)


@pytest.mark.parametrize(
    "target",
    [
        Target(HOSTS[0], "POST", origin=OTHER_STACK, fetch_mode="navigate"),
        Target(HOSTS[0], "POST", origin="null"),
        Target(HOSTS[0], "POST", origin=""),
        Target(HOSTS[0], origin=SITE.portal),
        Target(HOSTS[0], origin=ORIGIN + ".evil.example"),
        Target(HOSTS[0], origin=ORIGIN.replace("http:", "https:")),
        Target(HOSTS[0], origin=OTHER_STACK, websocket=True),
        Target(HOSTS[0], fetch_site="same-site", fetch_mode="cors"),
        Target(HOSTS[0], fetch_site="cross-site", fetch_mode="no-cors"),
        Target(HOSTS[0], fetch_site="unheard-of", fetch_mode="cors"),
        Target(HOSTS[0], "POST", fetch_site="same-site", fetch_mode="navigate"),
    ],
)
def test_asked_by_a_foreign_page(target: Target) -> None:
    """Another stack's or site's page cannot act in the user's name: stacks are same-site, cookies do not part them."""
    assert Reason.FOREIGN_ORIGIN == reason(target, SIGNED_IN)


@pytest.mark.parametrize(
    "target",
    [
        Target(HOSTS[0], "POST", origin=ORIGIN),
        Target(HOSTS[0], "POST", origin=API_ORIGIN),
        Target(HOSTS[0], origin="https://partner.example", fetch_site="cross-site", fetch_mode="cors"),
        Target(HOSTS[0], origin=ORIGIN, websocket=True),
        Target(HOSTS[0], fetch_site="cross-site", fetch_mode="navigate"),
        Target(HOSTS[0], "HEAD", fetch_site="same-site", fetch_mode="navigate"),
        Target(HOSTS[0], "DELETE", fetch_site="same-origin", fetch_mode="cors"),
        Target(HOSTS[0], "POST"),
    ],
)
def test_asked_by_an_own_page_a_link_or_a_program(target: Target) -> None:
    """The stack's own pages, listed origins, links from anywhere and programs without Fetch Metadata may ask."""
    assert Allowed(SESSION, ROUTE, "owner") == decide(SITE, target, SIGNED_IN)


@pytest.mark.parametrize(
    "state", ["requested", "deploying", "sleeping", "waking", "stopped", "failed", "removing", "quarantined", "?"]
)
def test_stack_not_running(state: str) -> None:
    """A stack in any state but a serving one is refused with its state."""
    route = replace(ROUTE, state=state)

    assert Refused(Reason.NOT_RUNNING, route, SESSION) == decide(SITE, page(), replace(SIGNED_IN, route=route))


def test_state_is_not_told_to_strangers() -> None:
    """Who may not enter does not learn that the stack is stopped."""
    reading = Reading(True, replace(ROUTE, state="stopped"), STRANGER, grants_loaded=True)

    assert Reason.NO_SHARE == reason(page(), reading)


@pytest.mark.parametrize("state", ["running", "updating"])
def test_own_user_is_allowed(state: str) -> None:
    """The stack's own user passes as owner, shares loaded or not, during an update too."""
    route = replace(ROUTE, state=state)

    assert Allowed(SESSION, route, "owner") == decide(SITE, page(), replace(SIGNED_IN, route=route))


def test_share_is_allowed() -> None:
    """A share lets in with its role."""
    reading = replace(SIGNED_IN, session=STRANGER, grants_loaded=True, role="viewer")

    assert Allowed(STRANGER, ROUTE, "viewer") == decide(SITE, page(), reading)
