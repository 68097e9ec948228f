"""Who asks: the SSO session of a request and its user; how a sign-in begins one and a sign-out ends it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.portal.cookies import sent
from auth_manager.portal.services import services
from auth_manager.sessions.session import COOKIE_SSO, Session, set_cookie
from auth_manager.users import accounts
from auth_manager.users.accounts import User
from stack_deployer.contract.bus import digest


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live SSO session and the user it is of."""

    session: Session
    user: User


async def who(request: Request) -> SignedIn | None:
    """Who is signed in; None for a stranger, an ended session, a user who is gone or disabled.

    Redis and SQL errors pass through: they are never "signed out".
    """
    secret = sent(request, COOKIE_SSO)
    if secret is None:
        return None
    portal = services(request)
    session = await portal.sessions.sso(secret)
    if session is None:
        return None
    async with portal.engine.connect() as conn:
        user = await accounts.find_id(conn, session.user_id)
    if user is None or user.disabled:
        return None
    await portal.sessions.touch(session)
    return SignedIn(session, user)


async def named(request: Request) -> User | None:
    """The user a page's header names; None as well when Redis or SQL cannot say: no decision may rest on it."""
    try:
        there = await who(request)
    except (RedisError, SQLAlchemyError, OSError):
        return None
    return there.user if there else None


async def begin(request: Request, response: Response, *, user_id: str, handle: str, email: str | None) -> Session:
    """Sign the browser in: the session it had is ended, a new one begun, its cookie set on the response."""
    await end(request)
    secret, session = await services(request).sessions.start_sso(user_id, handle, email or "")
    response.headers.append("set-cookie", set_cookie(COOKIE_SSO, secret))
    return session


async def end(request: Request) -> list[str]:
    """End the browser's session, expired or not, with all host sessions that came from it; their hosts."""
    secret = sent(request, COOKIE_SSO)
    return await services(request).sessions.end(digest(secret)) if secret is not None else []


def need_sign_in(path: str) -> Response:
    """A stranger's way to the sign-in page and back to `path`."""
    return RedirectResponse(f"/sign-in?{urlencode({'next': path})}" if path != "/" else "/sign-in", 303)


def not_found() -> HTTPException:
    """The answer for what is not there, or not the asker's: the same, so that nobody can probe."""
    return HTTPException(404, "There is no such page, or it is not yours.")
