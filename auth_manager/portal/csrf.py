"""That a form was sent from our own page by the browser it was made for (CSRF, also of the sign-in itself)."""

import hmac
import secrets
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request

from auth_manager.portal.cookies import sent
from auth_manager.sessions.session import COOKIE_CSRF, COOKIE_SSO, set_cookie

FIELD = "csrf"
_BOUND_TO = (COOKIE_SSO, COOKIE_CSRF)


class Csrf:
    """Makes and checks form tokens: an HMAC of the SSO cookie, or of a cookie of its own before sign-in."""

    def __init__(self, key: bytes, origin: str) -> None:
        self._key = key
        self._origin = origin

    def issue(self, request: Request) -> tuple[str, str | None]:
        """The token for the form, and the Set-Cookie value that must go with it, if any."""
        for name in _BOUND_TO:
            value = sent(request, name)
            if value is not None:
                return self._token(name, value), None
        value = secrets.token_urlsafe(32)
        return self._token(COOKIE_CSRF, value), set_cookie(COOKIE_CSRF, value)

    def check(self, request: Request, fields: Mapping[str, str]) -> None:
        """Raise HTTPException 403 unless origin, fetch metadata and token all say that the form is ours."""
        self.check_origin(request)
        bound = [(name, value) for name in _BOUND_TO if (value := sent(request, name)) is not None]
        if not bound:
            raise HTTPException(403, "Your browser sent no cookie with the form. Allow cookies of this site.")
        token = fields.get(FIELD, "").encode()
        if not any(hmac.compare_digest(token, self._token(name, value).encode()) for name, value in bound):
            raise HTTPException(403, "The form was made for another session. Load its page again, then repeat.")

    def check_origin(self, request: Request) -> None:
        """Raise HTTPException 403 when a present Origin or Sec-Fetch-Site says that another site asks."""
        origins = request.headers.getlist("origin")
        sites = request.headers.getlist("sec-fetch-site")
        foreign = any(origin != self._origin for origin in origins)
        if foreign or any(site not in ("same-origin", "none") for site in sites):
            raise HTTPException(403, "Another site asked for this, so nothing was done.")

    def _token(self, name: str, value: str) -> str:
        return hmac.digest(self._key, f"{name}\0{value}".encode(), "sha256").hex()
