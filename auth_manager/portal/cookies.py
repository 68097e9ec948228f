"""Our own cookies as a request carries them."""

import re

from starlette.requests import Request

_OURS = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)  # secrets.token_urlsafe(32)


def sent(request: Request, name: str) -> str | None:
    """The cookie's value; None when absent, not of our form, or sent twice: of two, neither is believed.

    Only spaces and tabs are trimmed: a name behind another kind of blank is not `__Host-` to a browser, so that any
    app of the domain could set it.
    """
    pairs = [pair.partition("=") for pair in ";".join(request.headers.getlist("cookie")).split(";")]
    values = [value.strip(" \t") for found, _, value in pairs if found.strip(" \t") == name]
    return values[0] if len(values) == 1 and _OURS.match(values[0]) else None
