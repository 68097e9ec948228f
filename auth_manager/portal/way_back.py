"""Where a page may lead afterwards: allow-lists, so that no spelling of another site gets through."""

import re
from collections.abc import Iterable

HOME = "/"
MAX_URL = 8192  # characters; longer ones would not fit into request lines on the way

_NEXT = re.compile(r"/(?:stacks/[0-9a-f]{32}|enter\?[!-\[\]-~]*)?\Z", re.ASCII)
_PATH = re.compile(r"/[!-\[\]-~]*\Z", re.ASCII)  # visible ASCII but the backslash, which browsers read as a slash


def next_path(text: str | None) -> str:
    """The text when it is a path of ours to go to after sign-in, else the start page."""
    if text is None or len(text) > MAX_URL or not _NEXT.match(text):
        return HOME
    return text


def leads_to(url: str, origins: Iterable[str]) -> bool:
    """Whether the absolute URL lies on one of the origins: `origin` + "/" literally, then visible ASCII alone."""
    if len(url) > MAX_URL:
        return False
    return any(url.startswith(origin) and bool(_PATH.match(url[len(origin) :])) for origin in origins)
