"""The portal's process: settings read, parts wired, server run."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from starlette.applications import Starlette

from auth_manager.portal import refusals
from auth_manager.portal.copies import keep_grants
from auth_manager.portal.door import Door
from auth_manager.portal.forms import MAX_BODY
from auth_manager.portal.pages import Pages
from auth_manager.portal.peers import Network
from auth_manager.portal.routes import routes
from auth_manager.portal.services import Services
from auth_manager.portal.settings import PortalSettings
from auth_manager.sessions.session import Lifetimes
from auth_manager.users.database import connect
from auth_manager.users.password import Passwords
from stack_deployer.contract import bus, environment

KEYS = ("session", "ticket", "grant", "route", "csrf")
REDIS_DEADLINE = 1.0  # seconds; people wait longer than the gate may


def build(portal: Services, peers: Sequence[Network]) -> Door:
    """The ASGI application behind its door; while it lives it keeps the copies of shares."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        copies = asyncio.create_task(keep_grants(portal, stop))
        yield
        stop.set()
        await copies
        await portal.redis.aclose()
        await portal.engine.dispose()

    app = Starlette(
        routes=routes(portal.pages),
        exception_handlers=refusals.HANDLERS,
        lifespan=lifespan,
        max_body_size=MAX_BODY,
    )
    app.router.redirect_slashes = False  # it would build the address from what the client sent
    app.state.services = portal
    return Door(app, host=portal.site.portal_host, peers=peers)  # outermost, so that error pages pass it, too


def wire(settings: PortalSettings) -> Services:
    """The parts as the settings say; raises BadSettings when a key or the templates are missing."""
    password = settings.redis_password
    return Services.build(
        settings.site,
        engine=connect(settings.database_url.get_secret_value()),
        redis=bus.connect(
            settings.redis_host,
            settings.redis_port,
            username=settings.redis_username,
            password=password.get_secret_value() if password else None,
            deadline=REDIS_DEADLINE,
        ),
        keys=_keys(settings.keys_dir),
        lifetimes=Lifetimes(idle=settings.session_timeout_minutes * 60, cap=settings.session_max_hours * 3600),
        passwords=Passwords(),
        pages=_pages(settings),
    )


def _keys(directory: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    faults = []
    for name in KEYS:
        try:
            keys[name] = (directory / f"{name}.key").read_bytes()
        except OSError as error:
            faults.append(f"INNKEEPER_KEYS_DIR: cannot read {directory / name}.key: {error.strerror}")
    if faults:
        raise environment.BadSettings(faults)
    return keys


def _pages(settings: PortalSettings) -> Pages:
    directory = settings.templates_dir / "pages"
    if not (directory / "static").is_dir():
        raise environment.BadSettings([f"INNKEEPER_TEMPLATES_DIR: there is no {directory}/static"])
    return Pages(directory, settings.site)


def serve() -> None:
    """Run the portal until told to stop; raises BadSettings, and SystemExit with words when its port is taken."""
    settings = environment.read(PortalSettings)
    _log_to_stderr(settings.log_level)
    portal = wire(settings)
    app = build(portal, settings.trusted_peers)
    address = f"{settings.portal_host}:{settings.portal_port}"
    try:
        listener = socket.create_server((settings.portal_host, settings.portal_port), backlog=2048)
    except OSError as error:
        sys.exit(f"cannot listen on {address}: {error.strerror}")
    # No forwarded headers for uvicorn: the door must see the real peer. No access log: it would hold tickets.
    config = uvicorn.Config(
        app, proxy_headers=False, server_header=False, access_log=False, log_config=None, ws="none",
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    structlog.get_logger().info(f"listening on {address}")
    _Server(config, portal).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Lets open event streams end by themselves when the process is told to: uvicorn waits for them."""

    def __init__(self, config: uvicorn.Config, portal: Services) -> None:
        super().__init__(config)
        self._portal = portal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._portal.stopping.set()
        super().handle_exit(sig, frame)


def _log_to_stderr(level: str) -> None:
    """JSON lines on standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
