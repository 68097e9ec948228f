"""Whether the portal is alive, and whether it can do its work."""

import secrets
from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth_manager.portal.services import Services, services
from auth_manager.users.tables import users


async def health(request: Request) -> Response:
    """200 as long as the process answers."""
    return JSONResponse({"alive": True})


async def ready(request: Request) -> Response:
    """200 when Redis is written and read, SQL answers and the grants are copied; else 503 that names what is not."""
    portal = services(request)
    parts = {"redis": _redis, "database": _database, "grants": _grants}
    state = {name: await _state(check, portal) for name, check in parts.items()}
    fine = all(text == "ok" for text in state.values())
    headers = {} if fine else {"Retry-After": "1"}
    return JSONResponse({"ready": fine, **state}, 200 if fine else 503, headers)


async def _state(check: Callable[[Services], Awaitable[bool]], portal: Services) -> str:
    try:
        return "ok" if await check(portal) else "not yet"
    except (RedisError, SQLAlchemyError, OSError) as error:
        return f"failed: {type(error).__name__}"  # the name alone: messages may hold addresses


async def _redis(portal: Services) -> bool:
    key, value = f"ready:{secrets.token_hex(8)}", secrets.token_hex(8).encode()
    await portal.redis.set(key, value, ex=5)
    return bool(await portal.redis.getdel(key) == value)


async def _database(portal: Services) -> bool:
    async with portal.engine.connect() as conn:
        await conn.execute(sa.select(users.c.id).limit(1))  # a table of ours: fails before the migrations have run
    return True


async def _grants(portal: Services) -> bool:
    return await portal.grants.loaded()
