"""A visitor without a screen: an HTTP client that behaves as a browser towards the platform's hosts.

It reaches every host of the domain on loopback (no resolver knows `*.localhost` everywhere), keeps `Secure`
cookies over plain http as browsers do on `*.localhost`, and follows redirects from host to host.
"""

import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from stack_deployer.contract.names import Site

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
}
_CSRF = re.compile(r'name="csrf"\s+value="([^"]+)"')


class _Loopback(httpx.BaseTransport):
    """Sends each request to 127.0.0.1, its Host header as it was; optionally from another loopback address.

    It keeps the cookies, too: httpx's own client copies its jar without the policy.
    """

    def __init__(self, source: str | None = None) -> None:
        self._inner = httpx.HTTPTransport(local_address=source)
        policy = DefaultCookiePolicy(secure_protocols=("http", "https", "ws", "wss"))
        self.cookies = httpx.Cookies(CookieJar(policy=policy))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "Cookie" not in request.headers:
            self.cookies.set_cookie_header(request)
        near = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        response = self._inner.handle_request(near)
        response.request = request
        self.cookies.extract_cookies(response)
        return response

    def close(self) -> None:
        self._inner.close()


class Visitor(httpx.Client):
    """One browser: `visit` navigates as a person does, the verbs of httpx speak as a program does.

    A `Cookie` header given with a request goes out in place of the kept cookies.
    """

    def __init__(self, site: Site, *, source: str | None = None, timeout: float = 10.0) -> None:
        self._loopback = _Loopback(source)
        nothing = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))  # the transport keeps them
        super().__init__(transport=self._loopback, cookies=nothing, timeout=timeout, trust_env=False)
        self.site = site

    def visit(self, url: str, *, follow: bool = True, **options: Any) -> httpx.Response:
        """Navigate to a URL, redirects followed unless told otherwise."""
        headers = NAVIGATION | dict(options.pop("headers", {}))
        return self.get(url, headers=headers, follow_redirects=follow, **options)

    def submit(self, page: httpx.Response, fields: dict[str, str], *, to: str | None = None) -> httpx.Response:
        """Fill the form of a portal's page and send it, its token included; redirects are followed."""
        token = _CSRF.search(page.text)
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        return self.post(
            to or str(page.url),
            data=fields | ({"csrf": token.group(1)} if token else {}),
            headers=NAVIGATION | {"Origin": origin, "Sec-Fetch-Site": "same-origin"},
            follow_redirects=True,
        )

    def sign_up(self, handle: str, password: str, *, region: str = "fra") -> httpx.Response:
        """Sign up at the portal; the answer is the progress page of the new stack."""
        page = self.visit(f"{self.site.portal}/sign-up")
        fields = {"handle": handle, "email": f"{handle}@example.com", "password": password, "region": region}
        return self.submit(page, fields)

    def sign_in(self, email: str, password: str) -> httpx.Response:
        """Sign in at the portal with a password."""
        page = self.visit(f"{self.site.portal}/sign-in")
        return self.submit(page, {"email": email, "password": password})

    def cookie(self, host: str, name: str) -> str | None:
        """The value of a cookie this browser keeps for that very host."""
        for cookie in self._loopback.cookies.jar:
            if cookie.domain.lstrip(".") == host and cookie.name == name:
                return cookie.value
        return None
