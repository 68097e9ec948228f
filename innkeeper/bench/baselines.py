"""The baselines: nginx as backend and as an auth server that does nothing, and a Traefik with a door for each case."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from innkeeper.bench.load import BenchFailed, program

_NGINX = """
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen 127.0.0.1:{backend}; location / {{ return 200 "hello\\n"; }} }}
  server {{ listen 127.0.0.1:{auth_h1}; location / {{ return 200; }} }}
  server {{
    listen 127.0.0.1:{auth_h2} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{ return 200; }}
  }}
}}
"""


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await_port(port: int, process: subprocess.Popen[bytes], what: str) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BenchFailed(f"{what} did not begin to listen on port {port}")


@contextmanager
def _running(command: list[str], port: int, what: str, log: Path, env: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env)
        try:
            _await_port(port, process, what)
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def nginx(room: Path, certificate: Path, key: Path) -> Iterator[dict[str, int]]:
    """nginx on three loopback ports: `backend`, `auth_h1`, `auth_h2` (TLS with HTTP/2)."""
    ports = {name: free_port() for name in ("backend", "auth_h1", "auth_h2")}
    config = room / "nginx.conf"
    config.write_text(_NGINX.format(dir=room, certificate=certificate, key=key, **ports))
    command = [program("nginx", "nginx-light"), "-p", str(room), "-c", str(config), "-e", str(room / "nginx.log")]
    with _running(command, ports["backend"], "nginx", room / "nginx.log", {"PATH": "/usr/sbin:/usr/bin"}):
        yield ports


@contextmanager
def traefik(room: Path, backend: int, doors: dict[str, dict[str, Any] | None], trust: str) -> Iterator[dict[str, int]]:
    """Traefik with one entry point a case, each before the same backend; `doors` maps a case to its forwardAuth.

    trust: the value of SSL_CERT_DIR. Yields the port of each case.
    """
    ports = {name: free_port() for name in doors}
    points: dict[str, Any] = {}
    for name, auth in doors.items():
        point: dict[str, Any] = {"address": f"127.0.0.1:{ports[name]}"}
        if auth is not None:
            point["http"] = {"middlewares": [f"{name}@file"]}
        points[name] = point
    static = {
        "entryPoints": points,
        "providers": {"file": {"filename": str(room / "dynamic.yml")}},
        "log": {"level": "ERROR"},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    http: dict[str, Any] = {
        "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "backend", "entryPoints": list(doors)}},
        "services": {"backend": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{backend}"}]}}},
        "middlewares": {name: {"forwardAuth": auth} for name, auth in doors.items() if auth is not None},
    }
    (room / "dynamic.yml").write_text(yaml.safe_dump({"http": http}))
    (room / "traefik.yml").write_text(yaml.safe_dump(static))
    command = [str(Path(sys.executable).with_name("traefik")), f"--configfile={room / 'traefik.yml'}"]
    env = {"PATH": "/usr/bin", "SSL_CERT_DIR": trust}
    with _running(command, next(iter(ports.values())), "Traefik", room / "traefik.log", env):
        time.sleep(1.0)  # the routers come up after the ports
        yield ports
