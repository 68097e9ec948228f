"""The worker's wiring: settings and keys in, a running loop out, ended by SIGTERM or SIGINT."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from stack_deployer.contract import bus
from stack_deployer.contract.seal import Sealer
from stack_deployer.engines.engine import Engine
from stack_deployer.engines.local import LocalEngine
from stack_deployer.errors import Held
from stack_deployer.publish.overrides import Overrides
from stack_deployer.publish.routes import Routes
from stack_deployer.reconcile.grounds import Grounds
from stack_deployer.reconcile.reconciler import OnStep, Reconciler
from stack_deployer.settings import WorkerSettings
from stack_deployer.worker.loop import Worker

REDIS_DEADLINE = 2.0  # seconds; nobody waits at the door for the worker
BUSY = 5.0  # seconds to wait for another writer of SQLite

_logger = structlog.get_logger(__name__)


async def serve(settings: WorkerSettings) -> None:
    """Work until a signal ends it; stacks run on. Raises Held, OSError for keys that cannot be read."""
    async with wired(settings) as worker:
        await _until_signal(worker)


@asynccontextmanager
async def wired(settings: WorkerSettings, on_step: OnStep | None = None) -> AsyncIterator[Worker]:
    """A worker with all it needs, not yet running; `on_step` as in Reconciler. Raises OSError as `serve`."""
    password = settings.redis_password
    redis = bus.connect(
        settings.redis_host,
        settings.redis_port,
        username=settings.redis_username,
        password=password.get_secret_value() if password else None,
        deadline=REDIS_DEADLINE,
    )
    sql, engine = connect(settings), LocalEngine(settings.stacks_dir)
    try:
        sealer = Sealer((settings.keys_dir / "route.key").read_bytes(), "route")
        reconciler = Reconciler(_grounds(settings, engine, Routes(redis, sealer)), sql)
        if on_step is not None:
            reconciler.on_step = on_step
        yield Worker(reconciler, redis, sql)
    finally:
        engine.close()
        await sql.dispose()
        await redis.aclose()


def connect(settings: WorkerSettings) -> AsyncEngine:
    """SQL for short transactions of one statement each; a busy SQLite is waited for."""
    lite = settings.sql.get_backend_name() == "sqlite"
    sql = create_async_engine(settings.sql, pool_pre_ping=not lite, hide_parameters=True)
    if lite:

        @event.listens_for(sql.sync_engine, "connect")
        def _wait_for_writers(connection: object, _: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]  # of the driver, as SQLAlchemy hands it out
            cursor.execute(f"PRAGMA busy_timeout = {int(BUSY * 1000)}")
            cursor.close()

    return sql


def log_to_stderr(level: str) -> None:
    """One line an event, from `level` up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(),
    )


def _grounds(settings: WorkerSettings, engine: Engine, routes: Routes) -> Grounds:
    return Grounds(
        stacks_dir=settings.stacks_dir.absolute(),
        templates_dir=settings.templates_dir,
        jwks=settings.keys_dir / "assertion.jwks.json",
        installation=(settings.keys_dir / "installation").read_text().strip(),
        site=settings.site,
        engine=engine,
        routes=routes,
        overrides=Overrides(settings.traefik_dynamic_dir, settings.traefik_api),
    )


async def _until_signal(worker: Worker) -> None:
    running = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for ends in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ends, running.cancel)
    _logger.info("worker ready")
    try:
        await running
    except asyncio.CancelledError:
        _logger.info("worker ends; stacks run on")
    except BaseExceptionGroup as group:
        held = group.subgroup(Held)
        raise (held.exceptions[0] if held else group) from None
