"""The API for programs: JSON alone, and never asked for by another site's page."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from auth_manager.errors import Busy
from auth_manager.portal.services import client, services
from auth_manager.portal.signed_in import begin
from auth_manager.users import login_tokens, sign_in
from auth_manager.users.accounts import User

_TOKEN = re.compile(r"ink_[A-Za-z0-9_-]{43}\Z", re.ASCII)
_SHAPES = ({"token"}, {"email", "password"})


async def login(request: Request) -> Response:
    """200 `{user, expires_at}` and the SSO cookie for a login token or e-mail and password, else 401."""
    portal = services(request)
    portal.csrf.check_origin(request)
    given = await _body(request)
    try:
        user = await _user(request, given)
    except Busy as busy:
        raise HTTPException(429, "Too many sign-ins at once.", {"Retry-After": str(busy.retry_after)}) from None
    if user is None:
        message = "No such login token, or e-mail and password do not belong together."
        body = {"error": "unauthorized", "message": message, "sign_in": f"{portal.site.portal}/sign-in"}
        return JSONResponse(body, 401)
    answer = Response(media_type="application/json")
    session = await begin(request, answer, user_id=user.id, handle=user.handle, email=user.email)
    expires = datetime.fromtimestamp(int(session.expires), UTC).isoformat().replace("+00:00", "Z")
    return JSONResponse(
        {"user": user.handle, "expires_at": expires}, headers={"Set-Cookie": answer.headers["set-cookie"]}
    )


async def _user(request: Request, given: dict[str, str]) -> User | None:
    portal = services(request)
    if "token" not in given:
        return await sign_in.sign_in(portal.engine, portal.passwords, client=client(request), **given)
    if not _TOKEN.match(given["token"]):
        return None
    return await login_tokens.exchange(portal.engine, given["token"], client(request))


async def _body(request: Request) -> dict[str, str]:
    """The credentials; raises HTTPException 415 or 400 with what is wrong."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send application/json.")
    try:
        given: Any = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body is not JSON.") from None
    if not isinstance(given, dict) or set(given) not in _SHAPES:
        raise HTTPException(400, 'Send {"token": …} or {"email": …, "password": …}.')
    for name, value in given.items():
        if not isinstance(value, str) or not value or not _is_text(value):
            raise HTTPException(400, f"{name}: a text that is not empty is needed.")
    return given


def _is_text(value: str) -> bool:
    """Whether it is Unicode text: JSON can spell halves of characters, which nothing can store."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
