"""A browser as the portal sees one: it keeps cookies, fills forms in, and sends what browsers send."""

import re
from http.cookies import SimpleCookie
from typing import Any

import httpx

from auth_manager.sessions.session import COOKIE_SSO

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Browser:
    """Speaks to the application as Traefik would from `peer`; redirects are not followed."""

    def __init__(self, app: Any, origin: str, peer: str = "127.0.0.1") -> None:
        self.origin = origin
        self.cookies: dict[str, str] = {}
        transport = httpx.ASGITransport(app, client=(peer, 40000), raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=origin)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the kept cookies, unless a `Cookie` header is given."""
        headers = httpx.Headers(options.pop("headers", None))
        if self.cookies and "cookie" not in headers:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._client.cookies.clear()
        answer = await self._client.request(method, path, headers=headers, **options)
        for line in answer.headers.get_list("set-cookie"):
            self._keep(line)
        return answer

    def _keep(self, line: str) -> None:
        assert "; Path=/; Secure; HttpOnly; SameSite=Lax" in line
        assert "Domain" not in line
        for name, morsel in SimpleCookie(line).items():
            assert name.startswith("__Host-ink_")
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Navigate there."""
        return await self.request("GET", path, headers={"Sec-Fetch-Mode": "navigate"} | headers)

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form from a page of the portal's own."""
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
        return await self.request("POST", path, data=fields, headers=own | headers)

    async def token(self, path: str) -> str:
        """The form token of that page."""
        found = _CSRF.search((await self.get(path)).text)
        assert found is not None
        return found.group(1)

    async def submit(
        self, path: str, fields: dict[str, str], *, to: str | None = None, **headers: str
    ) -> httpx.Response:
        """Open the page, fill its form in, send it (to `to` when the form names another address)."""
        return await self.post(to or path, {"csrf": await self.token(path)} | fields, **headers)

    @property
    def signed_in(self) -> bool:
        """Whether it holds an SSO cookie; what that is worth the portal says."""
        return COOKIE_SSO in self.cookies
