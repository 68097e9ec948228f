"""A 200 is somebody's, or nobody's by decision; no other way makes one."""

from dataclasses import replace
from typing import Any

import pytest

from auth_manager.gate import answers, cookies
from auth_manager.gate.answers import AUTH_RESPONSE_HEADERS
from auth_manager.gate.decide import Allowed, Blank, Passing, Portal, Reason, Refused, SignIn, ToPortal
from auth_manager.gate.forwarded import Target
from tests.unit.auth_manager.gate.examples import HOSTS, ROUTE, SESSION, call, page

OURS = b"__Host-ink_stack=" + b"s" * 43
TARGET = replace(call(), jar=cookies.parse([b"a=1; " + OURS + b"; b=2"]), authorization=b"Basic eA==")
IDENTITY = [name.lower().encode() for name in AUTH_RESPONSE_HEADERS if name.startswith(("X-Auth", "Remote"))]


def test_allowed_carries_identity() -> None:
    """Who is allowed is named to the app, by the fixed names and those the template maps, and nothing of ours."""
    answer = answers.passed(TARGET, Allowed(SESSION, ROUTE, "owner"), "jwt")

    assert 200 == answer.status
    assert [
        (b"x-auth-user", b"alice"), (b"x-auth-tenant", b"acme"), (b"x-auth-role", b"owner"),
        (b"x-auth-assertion", b"jwt"), (b"remote-user", b"alice"), (b"remote-email", b"alice@example.org"),
        (b"cookie", b"a=1; b=2"), (b"authorization", b"Basic eA=="),
    ] == list(answer.headers)  # fmt: skip


def test_every_header_is_in_the_fixed_list() -> None:
    """A template cannot map a header that Traefik would not replace, and every answer's header is one of the list."""
    headers = {"Remote-Groups": "groups", "remote-name": "name", "X-Forwarded-User": "user", "Remote-User": "secret"}
    answer = answers.passed(TARGET, Allowed(SESSION, replace(ROUTE, headers=headers), "owner"), "jwt")
    names = [name for name, _ in answer.headers]

    assert set(names) <= {name.lower().encode() for name in AUTH_RESPONSE_HEADERS}
    assert b"remote-user" not in names
    assert (b"remote-groups", b"acme,owner") in answer.headers


@pytest.mark.parametrize("decision", [Blank(), Portal()])
def test_blank_carries_no_identity(decision: Passing) -> None:
    """Where nobody is named, the identity headers are absent, not empty: Traefik then removes the client's."""
    names = [name for name, _ in answers.passed(TARGET, decision).headers]

    assert not set(names) & set(IDENTITY)


def test_blank_strips_ours() -> None:
    """A public path's app sees neither our cookies nor our keys."""
    target = replace(TARGET, authorization=b"bearer ink_key")

    assert [(b"cookie", b"a=1; b=2")] == list(answers.passed(target, Blank()).headers)


def test_portal_gets_everything_unchanged() -> None:
    """The portal sees its cookies and Authorization as sent."""
    target = replace(TARGET, authorization=b"Bearer ink_key")
    answer = answers.passed(target, Portal())

    assert [(b"cookie", b"a=1; " + OURS + b"; b=2"), (b"authorization", b"Bearer ink_key")] == list(answer.headers)


def test_no_cookies_left_means_no_header() -> None:
    """When all cookies were ours the app gets no Cookie header at all."""
    target = replace(call(), jar=cookies.parse([OURS]))

    assert [] == list(answers.passed(target, Blank()).headers)


@pytest.mark.parametrize("decision", [SignIn(ROUTE), ToPortal(), Refused(Reason.NO_SHARE), None, True])
def test_nothing_else_passes(decision: Any) -> None:
    """No other decision can be made a 200."""
    with pytest.raises(TypeError):
        answers.passed(TARGET, decision, "jwt")


@pytest.mark.parametrize(("user", "assertion"), [("alice", None), ("alice", ""), ("", "jwt")])
def test_identity_is_complete(user: str, assertion: str | None) -> None:
    """Nobody is let in without a name and an assertion."""
    with pytest.raises(TypeError):
        answers.passed(TARGET, Allowed(replace(SESSION, user=user), ROUTE, "owner"), assertion)


@pytest.mark.parametrize("status", [200, 204, 299])
def test_refusal_is_no_2xx(status: int) -> None:
    """A refusal cannot be given a status that lets the request pass."""
    with pytest.raises(ValueError, match=str(status)):
        answers.refused(status, [], b"")


def test_redirect_by_method() -> None:
    """GET and HEAD are redirected by 302, anything else by 303 so that it is not repeated."""
    statuses = [answers.redirect(page(method=m), "http://x/").status for m in ("GET", "HEAD", "POST", "DELETE")]

    assert [302, 302, 303, 303] == statuses


def test_missing_email_is_no_header() -> None:
    """A user without an e-mail has no Remote-Email, rather than an empty one."""
    answer = answers.passed(Target(HOSTS[0]), Allowed(replace(SESSION, email=""), ROUTE, "owner"), "jwt")

    assert b"remote-email" not in [name for name, _ in answer.headers]
