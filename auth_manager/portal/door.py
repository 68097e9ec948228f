"""What every request passes first: who speaks to us, for which host, and what every answer carries."""

import time
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth_manager.portal.pages import POLICY
from auth_manager.portal.peers import Network, client_address, trusted
from stack_deployer.contract.names import canonical_host

OPEN_TO_ALL = ("/health", "/ready")  # asked by whoever watches over the process, by whatever name
_STATIC = "/static/"
_HEADERS = {
    "Content-Security-Policy": POLICY.format(targets="'self'"),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_log = structlog.get_logger()


class Door:
    """ASGI middleware: 403 for a peer not on the list, 421 for a foreign Host, safe headers on every answer."""

    def __init__(self, app: ASGIApp, *, host: str, peers: Sequence[Network]) -> None:
        self._app = app
        self._host = host
        self._peers = peers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        scope["client_address"] = client_address(peer, headers.getlist("x-forwarded-for"), self._peers)
        started, status, path = time.perf_counter(), 0, scope["path"]

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(raw=message["headers"]), path)
            await send(message)

        try:
            await (self._refusal(path, peer, headers) or self._app)(scope, receive, sender)
        finally:
            # Without the query: it may hold a ticket.
            seconds = round(time.perf_counter() - started, 4)
            _log.info("request", method=scope["method"], path=path[:200], status=status, seconds=seconds)

    def _refusal(self, path: str, peer: str, headers: Headers) -> PlainTextResponse | None:
        if path in OPEN_TO_ALL:
            return None
        if not trusted(peer, self._peers):
            return PlainTextResponse("This port answers to the platform's proxy alone.\n", 403)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or canonical_host(hosts[0]) != self._host:
            return PlainTextResponse("No such host here.\n", 421)
        return None


def _complete(headers: MutableHeaders, path: str) -> None:
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "public, max-age=86400" if path.startswith(_STATIC) else "no-store")
