"""The gate's pages: plain templates, one inline style under a strict policy, everything put in escaped.

They stand on the app's own host, so they load nothing from it and run no script.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root{color-scheme:light dark;
--paper:#faf6ef;--card:#fffdf9;--ink:#2b2420;--soft:#6b5d52;--line:#e4d9c8;--accent:#8a4b1f}
@media (prefers-color-scheme:dark){
:root{--paper:#1c1815;--card:#26211d;--ink:#f3ebe1;--soft:#b9ab9c;--line:#3d352e;--accent:#f0a868}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;
overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
p:last-child{margin:0}
.code{color:var(--soft);font-size:.875rem}
a{color:var(--accent);font-weight:600}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:.25rem}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
UNFRAMED = f"{POLICY}; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Link:
    """One thing to do next; `new_tab` for a page that may stand in a frame."""

    url: str
    text: str
    new_tab: bool = False


def page(status: int, title: str, lines: Sequence[str], *, link: Link | None = None, refresh: int = 0) -> bytes:
    """The page as UTF-8; `refresh` in seconds makes it ask again by itself."""
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    text = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{again}<title>{escape(title)} – Innkeeper</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{text}{_anchor(link)}"
        f'<p class="code">{status} – Innkeeper</p></main></body></html>'
    ).encode()


def _anchor(link: Link | None) -> str:
    if link is None:
        return ""
    tab = ' target="_blank" rel="noopener noreferrer"' if link.new_tab else ""
    return f'<p><a href="{escape(link.url)}"{tab}>{escape(link.text)}</a></p>'
