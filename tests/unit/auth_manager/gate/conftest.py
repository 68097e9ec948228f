"""A real gate process, with keys and a certificate of its own, beside the tests' real Redis."""

import datetime
import ipaddress
import os
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import Redis

from auth_manager.sessions import assertion
from auth_manager.sessions.grants import Grants
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from stack_deployer.contract.bus import ROUTES_LOADED, route_key
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import Route
from stack_deployer.contract.seal import Sealer
from tests.conftest import RedisServer, free_port
from tests.unit.auth_manager.gate.examples import ROUTE, SITE

START_SECONDS = 15.0  # a busy machine starts Python slowly


@dataclass(frozen=True, slots=True)
class GateProcess:
    """A running gate: its main process, port, files."""

    pid: int
    port: int
    keys: Path
    certificate: Path
    log: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self, source: str = "127.0.0.1") -> httpx.AsyncClient:
        """An HTTP client that speaks to this gate from that loopback address."""
        transport = httpx.AsyncHTTPTransport(verify=self._trust, local_address=source)
        return httpx.AsyncClient(base_url=self.url, transport=transport)

    def blocking_client(self) -> httpx.Client:
        """The same from the trusted address, for tests in which the gate dies."""
        return httpx.Client(base_url=self.url, verify=self._trust)


def make_keys(directory: Path) -> None:
    """The keys directory as the platform makes it."""
    directory.mkdir(mode=0o700)
    for name in ("session", "ticket", "grant", "route"):
        (directory / f"{name}.key").write_bytes(secrets.token_bytes(32))
    (directory / "assertion.pem").write_bytes(assertion.make_key())


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key as PKCS#8."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = directory / "gate.pem", directory / "gate.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@contextmanager
def run_gate(directory: Path, redis: RedisServer, **extra: str) -> Iterator[GateProcess]:
    """A gate process with files in `directory`, ended on leaving; `extra` are further environment variables."""
    keys = directory / "keys"
    make_keys(keys)
    certificate, private = make_certificate(directory)
    port, log = free_port(), directory / "gate.log"
    password = directory / "redis.password"
    password.write_text(redis.password)
    environ = {
        "PATH": os.environ["PATH"],
        "INNKEEPER_DOMAIN": SITE.domain,
        "INNKEEPER_PUBLIC_SCHEME": SITE.scheme,
        "INNKEEPER_PUBLIC_PORT": str(SITE.port),
        "INNKEEPER_SERVER_PORT": str(port),
        "INNKEEPER_TRUSTED_PEERS": "127.0.0.1",
        "INNKEEPER_KEYS_DIR": str(keys),
        "INNKEEPER_REDIS_PORT": str(redis.port),
        "INNKEEPER_REDIS_PASSWORD_FILE": str(password),
        "INNKEEPER_GATE_CERTIFICATE": str(certificate),
        "INNKEEPER_GATE_CERTIFICATE_KEY": str(private),
    } | extra
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "auth_manager", "gate"], env=environ, stdout=out, stderr=out)
    gate = GateProcess(process.pid, port, keys, certificate, log)
    try:
        _wait(gate, process)
        yield gate
    finally:
        process.terminate()
        process.wait(10)


def _wait(gate: GateProcess, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if f"listening on 127.0.0.1:{gate.port}" in gate.log.read_text():
            return
        time.sleep(0.02)
    raise RuntimeError(f"the gate does not start: {gate.log.read_text()}")


@pytest.fixture(scope="session")
def gate(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateProcess]:
    """One gate process for the whole run."""
    with run_gate(tmp_path_factory.mktemp("gate"), redis_server) as running:
        yield running


class World:
    """What worker and portal have put into Redis: the stack of `ROUTE`, and whatever a test adds."""

    def __init__(self, redis: Redis, keys: Path) -> None:
        self.redis = redis
        self.site: Site = SITE
        self._routes = Sealer((keys / "route.key").read_bytes(), "route")
        sessions = Sealer((keys / "session.key").read_bytes(), "session")
        self.sessions = Sessions(redis, sessions, Lifetimes(idle=600, cap=3600))
        self.tickets = Tickets(redis, Sealer((keys / "ticket.key").read_bytes(), "ticket"))
        self.grants = Grants(redis, Sealer((keys / "grant.key").read_bytes(), "grant"))

    async def publish(self, *routes: Route) -> None:
        """Publish routes, the marker last."""
        for route in routes:
            key = route_key(route.host)
            await self.redis.set(key, self._routes.seal(key, route.to_value()))
        await self.redis.set(ROUTES_LOADED, self._routes.seal(ROUTES_LOADED, {"at": time.time()}))

    async def sign_in(self, user_id: str = ROUTE.user_id, user: str = ROUTE.user) -> str:
        """The digest of a new SSO session of that user."""
        _, session = await self.sessions.start_sso(user_id, user, f"{user}@example.org")
        return session.digest

    async def enter(self, sso: str, host: str = ROUTE.host, stack_id: str = ROUTE.stack_id) -> str:
        """The Cookie header of a new session on that host."""
        secret = await self.sessions.start_host(sso, host=host, stack_id=stack_id)
        assert secret is not None
        return f"__Host-ink_stack={secret}"


@pytest.fixture
async def world(redis: Redis, gate: GateProcess) -> World:
    """Redis as it is when one stack runs and no shares are made."""
    world = World(redis, gate.keys)
    await world.publish(ROUTE)
    await world.grants.make_again([])
    return world


@pytest.fixture
async def traefik(gate: GateProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client at the address that the gate trusts."""
    async with gate.client() as client:
        yield client
