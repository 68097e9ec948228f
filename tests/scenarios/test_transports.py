"""Whatever travels over HTTP passes the gate as users expect: sockets, streams, uploads, HEAD, forms."""

import hashlib
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from auth_manager.sessions.session import COOKIE_STACK
from innkeeper.checks.visitor import NAVIGATION, Visitor
from tests.scenarios.conftest import Inn

PROGRAM = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}


def socket_headers(inn: Inn, visitor: Visitor | None, origin: str) -> dict[str, str]:
    headers = {"Host": f"{inn.host('anna')}:{inn.port}", "Origin": origin}
    if visitor is not None:
        headers["Cookie"] = f"{COOKIE_STACK}={visitor.cookie(inn.host('anna'), COOKIE_STACK)}"
    return headers


def open_socket(inn: Inn, headers: dict[str, str]) -> str:
    """What the app says first over a WebSocket through Traefik."""
    origin = Origin(headers.pop("Origin"))
    uri = f"ws://{headers.pop('Host')}/ws"
    near = socket.create_connection(("127.0.0.1", inn.port))
    with connect(uri, sock=near, additional_headers=headers, origin=origin, proxy=None) as opened:
        return str(opened.recv(timeout=5))


def test_a_websocket_of_ones_own_stack_opens(inn: Inn, anna: Visitor) -> None:
    """A WebSocket from the stack's own page opens, and the app knows who is there."""
    assert "anna" in open_socket(inn, socket_headers(inn, anna, inn.url("anna", "")))


@pytest.mark.parametrize("case", ["stranger", "foreign origin", "null origin"])
def test_a_websocket_without_session_or_from_elsewhere_is_refused(inn: Inn, anna: Visitor, case: str) -> None:
    """A WebSocket without a session is 401; with one but from another stack's page, 403."""
    origin = {"stranger": inn.url("anna", ""), "foreign origin": inn.url("bert", ""), "null origin": "null"}[case]
    headers = socket_headers(inn, None if case == "stranger" else anna, origin)

    with pytest.raises(InvalidStatus) as refused:
        open_socket(inn, headers)

    assert (401 if case == "stranger" else 403) == refused.value.response.status_code


def test_an_event_stream_flows(inn: Inn, anna: Visitor) -> None:
    """Server-sent events arrive one by one, not in one piece at the end."""
    headers = PROGRAM | {"Accept": "text/event-stream"}
    with anna.stream("GET", inn.url("anna", "/events"), headers=headers) as answer:
        chunks = list(answer.iter_raw())

    assert 200 == answer.status_code
    assert len(chunks) > 1
    assert b"".join(chunks).count(b"data:") >= 5


def test_ten_megabytes_arrive_untouched(inn: Inn, anna: Visitor) -> None:
    """An upload of 10 MB reaches the app byte for byte."""
    body = bytes(range(256)) * 40_960

    answer = anna.post(inn.url("anna", "/upload"), content=body, headers=PROGRAM)

    assert 200 == answer.status_code
    assert hashlib.sha256(body).hexdigest() in answer.text


def test_a_head_is_answered_without_a_body(inn: Inn, anna: Visitor) -> None:
    """HEAD passes with a session; without one it is refused like a GET, without a body."""
    assert 200 == anna.head(inn.url("anna", "/echo"), headers=PROGRAM).status_code
    refused = inn.visitor().head(inn.url("anna"), headers=NAVIGATION)
    assert (302, b"") == (refused.status_code, refused.content)


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(inn: Inn, anna: Visitor) -> None:
    """A POST whose session has ended is never replayed: sign in, then the page the form was on."""
    headers = NAVIGATION | {
        "Origin": inn.url("anna", ""),
        "Referer": inn.url("anna", "/form"),
        "Sec-Fetch-Site": "same-origin",
    }
    stranger = inn.visitor()

    answer = stranger.post(inn.url("anna", "/echo"), headers=headers, data={"a": "b"}, follow_redirects=True)

    assert str(answer.url).startswith(f"{inn.site.portal}/sign-in")
    assert [303, 303] == [hop.status_code for hop in answer.history]


@pytest.mark.parametrize(
    "name",
    ["X-Auth-User", "x-auth-user", "X_Auth_User", "X.Auth.User", "x_auth_role", "X-Auth-Role", "X-Auth-Tenant",
     "X-Auth-Assertion", "Remote-User", "remote_user", "Remote.User", "Remote-Groups", "Remote-Email", "Remote-Name"],
)  # fmt: skip
def test_no_forged_identity_reaches_the_app(inn: Inn, anna: Visitor, name: str) -> None:
    """An identity header from outside is gone or replaced, in every spelling."""
    echo = anna.get(inn.url("anna", "/echo"), headers=PROGRAM | {name: "forged-root"}).json()

    assert "forged-root" not in str(echo["headers"])
    assert "anna" == {key.lower(): value for key, value in echo["headers"].items()}["x-auth-user"]


@pytest.mark.parametrize("part", ["Host", "Uri", "Method", "Proto", "For"])
def test_forwarded_headers_from_outside_change_nothing(inn: Inn, anna: Visitor, part: str) -> None:
    """A visitor's own X-Forwarded-* headers do not reach the decision: a stranger stays a stranger."""
    forged = {"Host": inn.site.portal_host, "Uri": "/public/x", "Method": "OPTIONS", "Proto": "https"}
    header = {f"X-Forwarded-{part}": forged.get(part, "127.0.0.1")}

    assert 401 == inn.visitor().get(inn.url("anna", "/echo"), headers=PROGRAM | header).status_code


def test_too_many_cookies_are_cleared(inn: Inn, anna: Visitor) -> None:
    """More than 16 KB of cookies, which a sibling's Domain cookies can make, is 431 with a way out."""
    answer = inn.visitor().visit(inn.url("anna"), follow=False, headers={"Cookie": "a=" + "b" * 17_000})

    assert 431 == answer.status_code
    assert '"cookies"' in answer.headers["Clear-Site-Data"]
