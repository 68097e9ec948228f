"""What hello answers, over real connections."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tenant_apps.hello.app import SESSION_ENDED, make_app
from tenant_apps.kit import Identity, Keys
from tests.unit.tenant_apps.conftest import HOSTS, ISSUER, STACK, Gate

SIBLING = f"http://{HOSTS[0]}"


@pytest.fixture
def client(gate: Gate) -> Iterator[httpx.Client]:
    app = make_app(Identity(Keys(gate.file), audience=STACK, issuer=ISSUER), [SIBLING])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, ws="websockets-sansio", log_level="warning"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Host": HOSTS[0]}, trust_env=False) as one:
                yield one
        finally:
            server.should_exit = True
            thread.join()


def open_socket(client: httpx.Client, headers: dict[str, str]) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{client.base_url.port}/ws", additional_headers=headers, proxy=None)


@pytest.fixture
def anna(gate: Gate) -> dict[str, str]:
    return {"X-Auth-Assertion": gate.sign(), "X-Auth-User": "anna"}


def test_the_page_greets_the_user_and_shows_all_that_came(client: httpx.Client, anna: dict[str, str]) -> None:
    """Name, role, every header and cookie, a way out; never kept by the browser."""
    page = client.get("/", headers=anna | {"Cookie": "theme=dark", "X-Odd": "<b>odd</b>"})

    assert 200 == page.status_code
    assert "Hello, anna." in page.text
    assert "owner" in page.text
    assert '<th scope="row">theme</th><td>dark</td>' in page.text
    assert "&lt;b&gt;odd&lt;/b&gt;" in page.text
    assert 'href="/.innkeeper/sign-out"' in page.text
    assert "no-store" == page.headers["Cache-Control"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_program_is_greeted_in_json(client: httpx.Client, anna: dict[str, str]) -> None:
    """Who asks the first page for JSON gets the echo in place of the page."""
    answer = client.get("/", headers=anna | {"Accept": "application/json"})

    assert "anna" == answer.json()["user"]["user"]


def test_a_guest_is_greeted_as_a_guest(client: httpx.Client, gate: Gate) -> None:
    """Who came by a share is not told that the stack is theirs."""
    page = client.get("/", headers={"X-Auth-Assertion": gate.sign(role="viewer")})

    assert "guest" in page.text
    assert "of your own" not in page.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/echo", "/any/other"])
def test_every_path_echoes(client: httpx.Client, anna: dict[str, str], method: str, path: str) -> None:
    """Any method, any path: user, method, host, path, headers, cookies and the body's length come back."""
    echo = client.request(method, f"{path}?a=1", headers=anna | {"Cookie": "b=2"}, content=b"12345").json()

    assert "anna" == echo["user"]["user"]
    assert [method, HOSTS[0], path, "a=1"] == [echo[name] for name in ("method", "host", "path", "query")]
    assert {"b": "2"} == echo["cookies"]
    assert 5 == echo["body_bytes"]
    assert "anna" == echo["headers"]["x-auth-user"]


def test_headers_sent_twice_are_all_shown(client: httpx.Client, anna: dict[str, str]) -> None:
    """A second header of one name is not hidden behind the first."""
    headers = [*anna.items(), ("X-Odd", "1"), ("X-Odd", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")]

    echo = client.get("/echo", headers=headers).json()

    assert ["1, 2", "a=1; b=2"] == [echo["headers"][name] for name in ("x-odd", "cookie")]


@pytest.mark.parametrize("path", ["/", "/echo", "/events", "/cookie", "/upload", "/publicity"])
def test_without_an_assertion_nobody_is_answered(client: httpx.Client, path: str) -> None:
    """Headers alone do not identify: 401 JSON."""
    method = "POST" if path == "/upload" else "GET"
    answer = client.request(method, path, headers={"X-Auth-User": "anna"})

    assert (401, "not_identified") == (answer.status_code, answer.json()["error"])


def test_unreadable_keys_are_503(client: httpx.Client, gate: Gate, anna: dict[str, str]) -> None:
    """Without keys nobody gets in, and the words say whose fault it is."""
    gate.file.unlink()

    answer = client.get("/", headers=anna)

    assert (503, "keys_unreadable") == (answer.status_code, answer.json()["error"])


def test_public_paths_name_nobody(client: httpx.Client) -> None:
    """Below /public a stranger is answered, and no user is named."""
    echo = client.get("/public/x").json()

    assert echo["user"] is None


def test_health_needs_nobody(client: httpx.Client) -> None:
    """The engine asks for health without an assertion."""
    assert 200 == client.get("/health").status_code


def test_an_upload_is_counted_and_hashed(client: httpx.Client, anna: dict[str, str]) -> None:
    """The answer proves which bytes arrived."""
    body = bytes(range(256)) * 300

    answer = client.post("/upload", headers=anna, content=body).json()

    assert {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} == answer


@pytest.mark.parametrize(("sent", "visits"), [(None, 1), ("4", 5), ("x", 1), ("９", 1), ("1" * 50, 1)])
def test_its_own_cookie_counts_visits(
    client: httpx.Client, anna: dict[str, str], sent: str | None, visits: int
) -> None:
    """The app sets cookies of its own, and survives what others put into them."""
    headers = [(name.encode(), value.encode()) for name, value in anna.items()]
    if sent is not None:
        headers.append((b"Cookie", f"hello_visits={sent}".encode()))
    answer = client.get("/cookie", headers=headers)

    assert visits == answer.json()["visits"]
    assert 2 == len(answer.headers.get_list("set-cookie"))


def test_the_event_stream_ends_after_ten_ticks(client: httpx.Client, anna: dict[str, str]) -> None:
    """Ten events, each with the user's name."""
    answer = client.get("/events", headers=anna)

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert 10 == answer.text.count('"user": "anna"')


def test_the_event_stream_ends_with_the_session(client: httpx.Client, gate: Gate) -> None:
    """A stream opened before the session's end does not outlive it."""
    headers = {"X-Auth-Assertion": gate.sign(ends=time.time() - 1)}

    assert "" == client.get("/events", headers=headers).text


def test_the_socket_names_the_user_and_echoes(client: httpx.Client, anna: dict[str, str]) -> None:
    """The first message is who is there, then each text comes back."""
    with open_socket(client, anna) as opened:
        assert "anna" == json.loads(opened.recv())["user"]
        opened.send("hej")
        assert "hej" == opened.recv()


def test_the_socket_of_a_stranger_is_not_accepted(client: httpx.Client) -> None:
    """Without an assertion no WebSocket opens."""
    with pytest.raises(InvalidStatus) as refused, open_socket(client, {}):
        pass

    assert 403 == refused.value.response.status_code


def test_the_socket_ends_with_the_session(client: httpx.Client, gate: Gate) -> None:
    """At the session's end the app closes the socket and says why."""
    with open_socket(client, {"X-Auth-Assertion": gate.sign(ends=time.time() - 1)}) as opened:
        opened.recv()
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv()

    assert closed.value.rcvd is not None
    assert SESSION_ENDED == closed.value.rcvd.code


def test_a_sibling_host_may_call_with_credentials(client: httpx.Client, anna: dict[str, str]) -> None:
    """Preflight and call of the stack's own dashboard get their CORS headers."""
    asks = {"Origin": SIBLING, "Access-Control-Request-Method": "PUT"}

    for answer in (client.options("/echo", headers=asks), client.put("/echo", headers=anna | {"Origin": SIBLING})):
        assert 200 == answer.status_code
        assert SIBLING == answer.headers["Access-Control-Allow-Origin"]
        assert "true" == answer.headers["Access-Control-Allow-Credentials"]


def test_other_origins_get_no_leave(client: httpx.Client, anna: dict[str, str]) -> None:
    """Another site's preflight is refused and its call cannot be read."""
    other = {"Origin": "http://evil.example"}
    asks = other | {"Access-Control-Request-Method": "PUT"}

    assert 400 == client.options("/echo", headers=asks).status_code
    assert "Access-Control-Allow-Origin" not in client.get("/echo", headers=anna | other).headers
