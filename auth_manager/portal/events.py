"""Live progress of a stack as server-sent events (HTML, 9.2), read from SQL where the worker writes it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from auth_manager.portal.pages import STATES
from auth_manager.portal.services import services
from auth_manager.portal.signed_in import SignedIn, not_found, who
from auth_manager.portal.stacks import moves, own_stack, shown_state, shown_steps
from stack_deployer.contract.wanted import Wanted

POLL = 0.25  # seconds
HEARTBEAT = 10.0  # seconds; then the session is looked at again, too
MAX_STREAMS = 8  # open at once a user


async def events(request: Request) -> Response:
    """The stream of one's own stack: `step` and `state` for each change, at last `done` or `failed`; 401 for strangers.

    That of a stopped stack lasts until somebody starts it, and ends with `moved`.
    """
    there = await who(request)
    if there is None:
        raise HTTPException(401, "Sign in first.")
    await own_stack(request, there)
    if services(request).streams.get(there.user.id, 0) >= MAX_STREAMS:
        raise HTTPException(429, "Too many progress pages are open.", {"Retry-After": "5"})
    return StreamingResponse(
        _counted(request, there), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _counted(request: Request, there: SignedIn) -> AsyncIterator[str]:
    streams, user_id = services(request).streams, there.user.id
    streams[user_id] = streams.get(user_id, 0) + 1
    try:
        async for text in _stream(request, there):
            yield text
    except (RedisError, SQLAlchemyError, HTTPException):
        return  # the page asks again, and gets the whole answer then
    finally:
        streams[user_id] -= 1
        if not streams[user_id]:
            del streams[user_id]


async def _stream(request: Request, there: SignedIn) -> AsyncIterator[str]:
    sent: dict[str, dict[str, Any]] = {}
    state, moving = "", None
    beat = time.monotonic()
    yield ": hello\n\n"
    while not await request.is_disconnected() and not services(request).stopping.is_set():
        stack = await own_stack(request, there)
        for step in shown_steps(stack):
            if sent.get(step["step"]) != step:
                sent[step["step"]] = step
                yield _event("step", step)
        if shown_state(stack) != state:
            state = shown_state(stack)
            yield _event("state", {"state": state, "title": STATES[state]})
        if moves(stack) and moving is False:
            yield _event("moved", {"state": state})
            return
        if not moves(stack) and (moving or stack.status != "stopped"):
            yield _end(stack)
            return
        moving = moves(stack)
        await asyncio.sleep(POLL)
        if time.monotonic() - beat >= HEARTBEAT:
            beat = time.monotonic()
            if await who(request) is None:
                raise not_found()
            yield ": still here\n\n"


def _end(stack: Wanted) -> str:
    failed = stack.status in ("failed", "quarantined")
    seconds = stack.as_json()["seconds"]
    data = {"step": "", "state": stack.status, "seconds": seconds, "message": stack.reason}
    return _event("failed" if failed else "done", data)


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"  # JSON has no raw line breaks to end the field with
