"""The routes of hello."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenant_apps.hello import echo, page
from tenant_apps.kit import AuthUser, Identity, KeysUnreadable, NotIdentified

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]  # Starlette adds HEAD to GET
_UNSTORED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_TICKS = 10
_BETWEEN = 0.1  # seconds from tick to tick
SESSION_ENDED = 4401  # WebSocket close code, of the range left to apps (RFC 6455, 7.4.2)


def make_app(identity: Identity, origins: Sequence[str] = ()) -> Starlette:
    """The app; `origins` are the stack's own hosts, whose pages may call it with their session."""
    app = Starlette(
        routes=[
            Route("/", _greet),
            Route("/health", _health),
            Route("/events", _events),
            Route("/upload", _upload, methods=["POST", "PUT"]),
            Route("/cookie", _cookie),
            Route("/public", _public, methods=_METHODS),
            Route("/public/{rest:path}", _public, methods=_METHODS),
            Route("/{rest:path}", _echo, methods=_METHODS),
            WebSocketRoute("/ws", _socket),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=["*"],
                allow_headers=["*"],
                allow_credentials=True,
            )
        ],
        exception_handlers={NotIdentified: _refuse, KeysUnreadable: _not_ready},
    )
    app.state.identity = identity
    return app


def _user(connection: HTTPConnection) -> AuthUser:
    identity: Identity = connection.app.state.identity
    return identity.of(connection)


async def _greet(request: Request) -> Response:
    user = _user(request)
    accepted = request.headers.get("accept", "")
    if "json" in accepted and "html" not in accepted:
        return await _echo(request)
    shown = page.render(user, request.headers.get("host", ""), echo.headers(request), request.cookies)
    return HTMLResponse(shown, headers=_UNSTORED | {"Content-Security-Policy": page.POLICY})


async def _echo(request: Request) -> Response:
    return JSONResponse(await echo.reflect(request, _user(request)), headers=_UNSTORED)


async def _public(request: Request) -> Response:
    return JSONResponse(await echo.reflect(request, None), headers=_UNSTORED)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "alive"}, headers=_UNSTORED)


async def _upload(request: Request) -> Response:
    _user(request)
    size, seen = 0, hashlib.sha256()
    async for chunk in request.stream():
        size += len(chunk)
        seen.update(chunk)
    return JSONResponse({"bytes": size, "sha256": seen.hexdigest()}, headers=_UNSTORED)


async def _cookie(request: Request) -> Response:
    user = _user(request)
    visits = request.cookies.get("hello_visits", "0")
    count = int(visits) + 1 if visits.isascii() and visits.isdigit() and len(visits) < 6 else 1
    answer = JSONResponse({"user": user.user, "visits": count}, headers=_UNSTORED)
    answer.set_cookie("hello_visits", str(count), httponly=True, samesite="lax")
    answer.set_cookie("theme", "warm", samesite="lax")
    return answer


async def _events(request: Request) -> Response:
    user = _user(request)

    async def ticks() -> AsyncIterator[str]:
        for number in range(1, _TICKS + 1):
            if time.time() >= user.session_ends:
                return
            yield f"event: tick\ndata: {json.dumps({'tick': number, 'user': user.user})}\n\n"
            await asyncio.sleep(_BETWEEN)

    return StreamingResponse(ticks(), media_type="text/event-stream", headers=_UNSTORED)


async def _socket(socket: WebSocket) -> None:
    try:
        user = _user(socket)
    except (NotIdentified, KeysUnreadable):
        await socket.close()  # before it is accepted: 403
        return
    await socket.accept()
    await socket.send_json(echo.whoami(user))
    try:
        async with asyncio.timeout(max(0.0, user.session_ends - time.time())):
            while True:
                await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return
    except TimeoutError:
        await socket.close(SESSION_ENDED, "the session has ended")


async def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "not_identified", "message": str(error)}, 401, headers=_UNSTORED)


async def _not_ready(request: Request, error: Exception) -> Response:
    message = "the keys to check identities with cannot be read"
    return JSONResponse({"error": "keys_unreadable", "message": message}, 503, headers=_UNSTORED)
