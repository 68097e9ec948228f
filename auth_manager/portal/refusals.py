"""Errors as answers: a page for people, JSON under `/api/`; what the caller cannot mend is 503 or 500."""

from collections.abc import Mapping

from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from auth_manager.portal.services import services
from auth_manager.portal.signed_in import named
from auth_manager.users.accounts import User

_TITLES = {
    400: ("bad_request", "That could not be understood"),
    401: ("unauthorized", "Sign in first"),
    403: ("forbidden", "Nothing was done"),
    404: ("not_found", "There is no such room"),
    405: ("method_not_allowed", "That does not work here"),
    413: ("too_large", "That was too much"),
    415: ("unsupported_type", "That could not be understood"),
    429: ("busy", "One moment, please"),
    500: ("internal", "Something broke on our side"),
    503: ("unavailable", "Back in a moment"),
}
_TEXTS = {
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This address does not take requests of that kind.",
    413: "What was sent is larger than any form here.",
}


async def refused(request: Request, error: Exception) -> Response:
    """The answer of an HTTPException, ours or Starlette's."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for that class alone
    text = _TEXTS.get(error.status_code, error.detail)
    user = await named(request) if error.status_code < 500 else None
    return _answer(request, error.status_code, text, error.headers or {}, user)


async def unavailable(request: Request, error: Exception) -> Response:
    """Redis or SQL is gone or slow: 503, and no cookie is touched; never "signed out"."""
    text = "A part of the platform does not answer just now. You are still signed in; try again in a moment."
    return _answer(request, 503, text, {"Retry-After": "1"})


async def broken(request: Request, error: Exception) -> Response:
    """A fault of ours; its traceback goes to the log."""
    return _answer(request, 500, "The fault is ours and was written down. Trying again may help.", {})


def _answer(request: Request, status: int, text: str, headers: Mapping[str, str], user: User | None = None) -> Response:
    code, title = _TITLES.get(status, ("refused", "That does not work"))
    if request.scope["path"].startswith("/api/"):
        return JSONResponse({"error": code, "message": text}, status, dict(headers))
    again = "Try again" if status == 503 and request.method in ("GET", "HEAD") else None
    link = ("", again) if again else ("/", "To my stacks")
    return services(request).pages.render(
        "message", status, headers=headers, title=title, text=text, link=link, code=status, user=user
    )


HANDLERS: dict[type[Exception] | int, ExceptionHandler] = {
    HTTPException: refused,
    RedisError: unavailable,
    OperationalError: unavailable,
    InterfaceError: unavailable,
    PoolTimeout: unavailable,
    ConnectionError: unavailable,
    Exception: broken,
}
