"""The way back: the URL a browser wanted before it was sent to sign in. Only ever one on the stack's own hosts."""

import re
from urllib.parse import quote

from auth_manager.gate.forwarded import RESERVED, Target
from stack_deployer.contract.names import Site
from stack_deployer.contract.route import Route

MAX_URL = 4096  # characters; quoted twice on its way it must still fit into everybody's header limits

_REST = re.compile(r"/[!#-;=?-\[\]-~]*")  # visible ASCII without " < > and backslash: as browsers send URLs


def wanted(site: Site, target: Target) -> str:
    """The URL a refused request wanted: its own; of one that must not be repeated the same-origin Referer, else `/`."""
    origin = site.origin(target.host)
    url = origin + target.relative if target.safe else target.referer or ""
    return url if _is_on(origin, url) else f"{origin}/"


def checked(site: Site, route: Route, host: str, url: str | None) -> str:
    """The URL when it is on one of the stack's hosts and none of our own paths, else the `/` of `host`.

    The whole origin is compared, with the `/` after it, so that no userinfo, port or longer name passes.
    """
    if url is not None and any(_is_on(site.origin(own), url) for own in route.hosts):
        return url
    return f"{site.origin(host)}/"


def quoted(url: str) -> str:
    """The URL as the value of a query parameter."""
    return quote(url, safe="")


def _is_on(origin: str, url: str) -> bool:
    if len(url) > MAX_URL or not url.startswith(f"{origin}/"):
        return False
    rest = url[len(origin) :]
    return _REST.fullmatch(rest) is not None and not rest.startswith(f"{RESERVED}/")
