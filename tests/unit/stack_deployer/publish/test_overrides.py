"""Facts about overrides: what a real Traefik is told, and when it is believed to know."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stack_deployer.errors import StepFailed
from stack_deployer.publish import overrides
from stack_deployer.publish.overrides import Overrides, document
from tests.conftest import free_port
from tests.unit.stack_deployer.publish.front import Front, traefik

ID = "0123456789abcdef0123456789abcdef"
HOSTS = ("user1.inn.localhost", "api-user1.inn.localhost")


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """A real Traefik that routes nothing yet."""
    with traefik(tmp_path) as front:
        yield front


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a small server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the overridden name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_shown_means_served(front: Front, server: str) -> None:
    """When `shown` returns, the very next request to each host is answered by the stack."""
    published = Overrides(front.dynamic, front.api)
    assert published.write(ID, HOSTS, [server, server])
    await published.shown(ID, [server, server])

    assert [204, 204] == [await front.get(host) for host in HOSTS]


async def test_gone_means_not_served(front: Front, server: str) -> None:
    """When `gone` returns, no request is led to the stack any more."""
    published = Overrides(front.dynamic, front.api)
    published.write(ID, HOSTS, [server, server])
    await published.shown(ID, [server, server])
    published.drop(ID)
    await published.gone(ID, len(HOSTS))

    assert [404, 404] == [await front.get(host) for host in HOSTS]
    assert [] == list(front.dynamic.iterdir())


async def test_moved_server_is_waited_for(front: Front, server: str) -> None:
    """A router that still leads to the old port does not pass for the new one."""
    published, old = Overrides(front.dynamic, front.api), f"http://127.0.0.1:{free_port()}"
    published.write(ID, HOSTS, [old, old])
    await published.shown(ID, [old, old])
    published.write(ID, HOSTS, [server, server])
    await published.shown(ID, [server, server])

    assert 204 == await front.get(HOSTS[0])


async def test_unknown_router_is_a_failed_step(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Traefik that does not show the route in time fails the step, and is not believed."""
    monkeypatch.setattr(overrides, "DEADLINE", 0.3)
    with pytest.raises(StepFailed, match="Traefik does not show"):
        await Overrides(front.dynamic, front.api).shown(ID, ["http://127.0.0.1:1"])


async def test_route_that_stays_is_a_failed_step(front: Front, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as Traefik shows the route, it is not withdrawn."""
    published = Overrides(front.dynamic, front.api)
    published.write(ID, HOSTS, [server, server])
    await published.shown(ID, [server, server])
    monkeypatch.setattr(overrides, "DEADLINE", 0.3)
    with pytest.raises(StepFailed, match="still shows"):
        await published.gone(ID, len(HOSTS))


async def test_no_traefik_serves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Traefik runs, routes are gone; none is shown."""
    monkeypatch.setattr(overrides, "DEADLINE", 0.3)
    published = Overrides(tmp_path, f"http://127.0.0.1:{free_port()}")
    await published.gone(ID, 2)

    with pytest.raises(StepFailed):
        await published.shown(ID, ["http://127.0.0.1:1"])


async def test_without_an_api_nothing_is_waited_for(tmp_path: Path) -> None:
    """With no Traefik API in the settings, writing the file is all."""
    published = Overrides(tmp_path, "")
    await published.shown(ID, ["http://127.0.0.1:1"])
    await published.gone(ID, 1)


def test_same_override_is_not_written_again(tmp_path: Path) -> None:
    """Any write makes Traefik read every file again: one that changes nothing is left out."""
    published = Overrides(tmp_path, "")

    assert published.write(ID, HOSTS, ["http://a:1", "http://b:2"])
    assert not published.write(ID, HOSTS, ["http://a:1", "http://b:2"])
    assert published.write(ID, HOSTS, ["http://a:1", "http://b:3"])
    assert [f"stack-{ID}.yml"] == [path.name for path in tmp_path.iterdir()]


def test_override_has_no_middleware() -> None:
    """The gate sits on the entry point; routers say host and service alone."""
    found = yaml.safe_load(document(ID, HOSTS, ["http://a:1", "http://b:2"]))["http"]

    assert {"routers", "services"} == set(found)
    assert {"rule": f"Host(`{HOSTS[0]}`)", "service": f"{ID}-0"} == found["routers"][f"{ID}-0"]
    assert [{"url": "http://b:2"}] == found["services"][f"{ID}-1"]["loadBalancer"]["servers"]


@pytest.mark.parametrize("host", ["a`) || Host(`victim", "A.example.com", "{{ env }}", "a b", "", "a.example.com:80"])
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    """A host that would be read as more than a host never reaches a file."""
    with pytest.raises(ValueError, match="is no host"):
        Overrides(tmp_path, "").write(ID, [host], ["http://a:1"])

    assert [] == list(tmp_path.iterdir())


@given(url=st.text(max_size=40))
def test_any_url_stays_a_url(url: str) -> None:
    """Whatever a server's URL holds, it is one leaf of the file, or refused: Traefik reads files as Go templates."""
    try:
        text = document(ID, HOSTS[:1], [url])
    except ValueError:
        return

    assert "{{" not in text
    assert url == yaml.safe_load(text)["http"]["services"][f"{ID}-0"]["loadBalancer"]["servers"][0]["url"]


def test_go_template_braces_are_refused() -> None:
    """`{{` in a file is code to Traefik."""
    with pytest.raises(ValueError, match="something else"):
        document(ID, HOSTS[:1], ['http://{{ env "HOME" }}'])
