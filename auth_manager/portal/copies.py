"""Keeps the gate's copies of shares: made again at start, and whenever Redis has come back without them."""

import asyncio
import contextlib

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from auth_manager.portal.services import Services
from auth_manager.users import shares

EVERY = 1.0  # seconds
_log = structlog.get_logger()


async def keep_grants(portal: Services, stop: asyncio.Event) -> None:
    """Until `stop` is set. Without Redis or SQL it waits; the gate answers 503 as long as the copies are not there.

    Not by cancelling: redis-py sends by `asyncio.wait_for`, which in Python 3.11 can swallow a cancellation.
    """
    made = failing = False
    while not stop.is_set():
        try:
            if not made or not await portal.grants.loaded():
                made = await copy_grants(portal)
            failing = False
        except (RedisError, SQLAlchemyError, OSError) as error:
            if not failing:
                _log.warning("grants cannot be copied yet", error=type(error).__name__)
            failing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY)


async def copy_grants(portal: Services) -> bool:
    """Copy all shares from SQL; False when one was changed meanwhile, and all must be read again."""
    changes = await portal.grants.changes()
    async with portal.engine.connect() as conn:
        grants = await shares.all_grants(conn)
    done = await portal.grants.make_again(grants, changes=changes)
    if done:
        _log.info("grants copied", count=len(grants))
    return done
