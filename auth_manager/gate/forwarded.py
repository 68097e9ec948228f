"""What Traefik forwards: the headers of an auth request, parsed strictly into a Target.

Headers that decide (host, URI, method, origin, …) come once or not at all: a repeated one could be read
differently here and behind us. See https://doc.traefik.io/traefik/middlewares/http/forwardauth/.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from auth_manager.gate import cookies
from auth_manager.gate.cookies import Jar
from stack_deployer.contract.names import canonical_host

RESERVED = "/.innkeeper"  # our own paths on every stack's host; no app ever sees them

_HOST, _URI, _METHOD, _PROTO = b"x-forwarded-host", b"x-forwarded-uri", b"x-forwarded-method", b"x-forwarded-proto"
_SINGLE = frozenset({
    _HOST, _URI, _METHOD, _PROTO, b"origin", b"referer", b"authorization", b"access-control-request-method",
    b"sec-fetch-mode", b"sec-fetch-site", b"sec-fetch-dest", b"upgrade", b"sec-websocket-key",
})  # fmt: skip
_PROTOS = frozenset({b"http", b"https", b"ws", b"wss"})
_METHOD_FORM = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}")  # RFC 9110, 5.6.2: token
_URI_FORM = re.compile(rb"/[!-\"$-~]*")  # origin-form (RFC 9112, 3.2.1), visible ASCII, no fragment
_OUR_BEARER = re.compile(rb"\s*bearer\s+ink_", re.IGNORECASE)


class ForwardRefused(ValueError):
    """A forwarded header that is missing, repeated or malformed: `header`, and why."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"{header} {why}")
        self.header = header
        self.why = why


@dataclass(frozen=True, slots=True)
class Target:
    """The request that Traefik asks about. `host` is canonical; `path` and `query` are as sent, still encoded."""

    host: str
    method: str = "GET"
    path: str = "/"
    query: str | None = None
    jar: Jar = cookies.EMPTY
    authorization: bytes | None = field(default=None, repr=False)
    origin: str | None = None
    referer: str | None = None
    fetch_mode: str | None = None
    fetch_site: str | None = None
    fetch_dest: str | None = None
    preflight_method: str | None = None
    websocket: bool = False
    accepts_html: bool = False

    @property
    def safe(self) -> bool:
        """GET or HEAD: asked again, it does the same."""
        return self.method in ("GET", "HEAD")

    @property
    def navigation(self) -> bool:
        """A person's browser goes to a page (Fetch Metadata; Accept where a client sends none), no program calls."""
        if self.websocket or self.method == "OPTIONS":
            return False
        return self.accepts_html if self.fetch_mode is None else self.fetch_mode == "navigate"

    @property
    def framed(self) -> bool:
        """The page would be shown inside another."""
        return self.fetch_dest in ("iframe", "frame", "embed", "object")

    @property
    def preflight(self) -> bool:
        """A CORS preflight: https://fetch.spec.whatwg.org/#cors-preflight-request."""
        return self.method == "OPTIONS" and self.origin is not None and self.preflight_method is not None

    @property
    def reserved(self) -> bool:
        return self.path.startswith(RESERVED) and self.path[len(RESERVED) :][:1] in ("", "/")

    @property
    def our_bearer(self) -> bool:
        """Authorization carries an API key or login token of ours; any other is the app's own."""
        return self.authorization is not None and _OUR_BEARER.match(self.authorization) is not None

    @property
    def relative(self) -> str:
        """Path and query as sent."""
        return self.path if self.query is None else f"{self.path}?{self.query}"


def parse(headers: Iterable[tuple[bytes, bytes]]) -> Target:
    """The Target of an auth request's headers (names in lower case); raises ForwardRefused."""
    single: dict[bytes, bytes] = {}
    crumbs: list[bytes] = []
    accepts_html = False
    for name, value in headers:
        if name in _SINGLE:
            if name in single:
                raise ForwardRefused(name.decode(), "is repeated")
            single[name] = value
        elif name == b"cookie":
            crumbs.append(value)
        elif name == b"accept":
            accepts_html = accepts_html or b"text/html" in value.lower()
    if single.get(_PROTO) not in _PROTOS:
        raise ForwardRefused("x-forwarded-proto", "is missing or malformed")
    path, mark, query = _checked(single, _URI, _URI_FORM).partition("?")
    upgrade = single.get(b"upgrade", b"").lower()
    return Target(
        host=_host(single),
        method=_checked(single, _METHOD, _METHOD_FORM),
        path=path,
        query=query if mark else None,
        jar=cookies.parse(crumbs) if crumbs else cookies.EMPTY,
        authorization=single.get(b"authorization"),
        origin=_text(single, b"origin"),
        referer=_text(single, b"referer"),
        fetch_mode=_text(single, b"sec-fetch-mode"),
        fetch_site=_text(single, b"sec-fetch-site"),
        fetch_dest=_text(single, b"sec-fetch-dest"),
        preflight_method=_text(single, b"access-control-request-method"),
        # Traefik forwards no Upgrade header (it is hop-by-hop), but the key of the WebSocket's handshake.
        websocket=b"websocket" in upgrade or b"sec-websocket-key" in single or _is_socket_mode(single),
        accepts_html=accepts_html,
    )


def _text(single: dict[bytes, bytes], name: bytes) -> str | None:
    value = single.get(name)
    return None if value is None else value.decode("latin-1")


def _checked(single: dict[bytes, bytes], name: bytes, form: re.Pattern[bytes]) -> str:
    value = single.get(name)
    if value is None or form.fullmatch(value) is None:
        raise ForwardRefused(name.decode(), "is missing or malformed")
    return value.decode("ascii")


def _host(single: dict[bytes, bytes]) -> str:
    host = canonical_host(single.get(_HOST, b"").decode("latin-1"))
    if host is None:
        raise ForwardRefused("x-forwarded-host", "is missing or malformed")
    return host


def _is_socket_mode(single: dict[bytes, bytes]) -> bool:
    return single.get(b"sec-fetch-mode") == b"websocket"
