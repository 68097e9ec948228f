"""The gate's process: settings, keys, log, and Granian with HTTP/2 over TLS (docs/decisions/0001)."""

import ctypes
import os
import signal
import sys
from functools import partial
from pathlib import Path

import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from auth_manager.gate.app import DEADLINE, Gate
from auth_manager.gate.handoff import HandOffs
from auth_manager.gate.peers import Peers
from auth_manager.gate.reading import Reader
from auth_manager.gate.settings import GateSettings
from auth_manager.sessions.assertion import Signer
from auth_manager.sessions.session import Lifetimes
from auth_manager.sessions.store import Sessions
from auth_manager.sessions.tickets import Tickets
from stack_deployer.contract import bus, environment
from stack_deployer.contract.seal import Sealer

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve() -> None:
    """Serve until told to stop; raises BadSettings with all that is wrong before anything starts."""
    settings = environment.read(GateSettings)
    _check_files(settings)
    _configure_log(settings.log_level)
    server = Granian(
        "auth_manager.gate.serve",
        address=settings.server_host,
        port=settings.server_port,
        interface=Interfaces.ASGI,
        workers=1,  # Traefik keeps one HTTP/2 connection, so a second worker would stand idle
        http=HTTPModes.auto,
        websockets=False,
        ssl_cert=settings.gate_certificate,
        ssl_key=settings.gate_certificate_key,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        log_access=False,  # forwarded URLs carry tickets
    )
    server.serve(target_loader=partial(_make_worker, settings, os.getpid()), wrap_loader=False)


def make_gate(settings: GateSettings) -> Gate:
    """The gate with everything it needs: keys out of the keys directory, a Redis client not yet connected."""
    password = settings.redis_password.get_secret_value() if settings.redis_password else None
    redis = bus.connect(
        settings.redis_host,
        settings.redis_port,
        username=settings.redis_username,
        password=password,
        deadline=DEADLINE,
    )
    grants = _sealer(settings.keys_dir, "grant")
    lifetimes = Lifetimes(idle=settings.session_timeout_minutes * 60, cap=settings.session_max_hours * 3600)
    sessions = Sessions(redis, _sealer(settings.keys_dir, "session"), lifetimes)
    tickets = Tickets(redis, _sealer(settings.keys_dir, "ticket"))
    return Gate(
        settings.site,
        Peers(settings.trusted_peers),
        redis,
        Reader(redis, _sealer(settings.keys_dir, "route"), grants, sessions),
        sessions,
        HandOffs(settings.site, sessions, tickets),
        Signer((settings.keys_dir / "assertion.pem").read_bytes(), settings.site.portal),
        address=f"{settings.server_host}:{settings.server_port}",
    )


def _make_worker(settings: GateSettings, parent: int) -> Gate:
    _die_with(parent)
    return make_gate(settings)


def _die_with(parent: int) -> None:
    """A worker that outlived its killed parent would hold the port and answer with what it knew then."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _sealer(keys: Path, purpose: str) -> Sealer:
    return Sealer((keys / f"{purpose}.key").read_bytes(), purpose)


def _check_files(settings: GateSettings) -> None:
    """Say now what a worker would die of again and again; raises BadSettings."""
    keys = [
        settings.keys_dir / name for name in ("session.key", "ticket.key", "grant.key", "route.key", "assertion.pem")
    ]
    wanted = [("KEYS_DIR", key) for key in keys]
    wanted += [("GATE_CERTIFICATE", settings.gate_certificate), ("GATE_CERTIFICATE_KEY", settings.gate_certificate_key)]
    faults = [f"INNKEEPER_{name}: cannot read {path}" for name, path in wanted if not os.access(path, os.R_OK)]
    if faults:
        raise environment.BadSettings(faults)


def _configure_log(level: str) -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
