"""The gate's pages: plain templates, one inline style under a strict policy, everything put in escaped.

They stand on the app's own host, so they load nothing from it and run no script.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# The portal's colours and forms, as far as a page needs them; contrast 4.5:1 and more in both schemes.
_STYLE = """
:root{color-scheme:light dark;--paper:#faf6ef;--card:#fffdf9;--ink:#2b2420;--soft:#6b5d52;--line:#e4d9c8;
--accent:#8a4b1f;--strong:#6f3a14;--on-accent:#fffaf2;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",ui-serif,Georgia,serif}
@media (prefers-color-scheme:dark){
:root{--paper:#1c1815;--card:#26211d;--ink:#f3ebe1;--soft:#b9ab9c;--line:#3d352e;
--accent:#f0a868;--strong:#ffc08a;--on-accent:#2a1608}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;justify-content:center;align-items:center;gap:1.25rem;
padding:1.25rem;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;
overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font:600 1.875rem/1.2 var(--serif)}
p{margin:0 0 1rem;white-space:pre-line}
p:last-child{margin:0}
.code{color:var(--soft);font-size:.875rem}
.brand{display:flex;align-items:center;gap:.625rem;font:600 1.3125rem/1 var(--serif)}
.house{fill:var(--accent)}.door{fill:var(--paper)}
.button{display:inline-block;padding:.625rem 1.375rem;border-radius:.625rem;background:var(--accent);
color:var(--on-accent);
font-weight:600;text-decoration:none}
.button:hover{background:var(--strong)}
.button:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
"""
_BRAND = (
    '<div class="brand"><svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">'
    '<path class="house" d="M16 2 2.5 13.2V30h27V13.2z"/>'
    '<path class="door" d="M16 12.5a6 6 0 0 0-6 6V30h12V18.5a6 6 0 0 0-6-6z"/>'
    '<circle class="house" cx="16" cy="20.5" r="1.9"/><path class="house" d="m15.1 21.4-.9 4.6h3.6l-.9-4.6z"/></svg>'
    "<span>Innkeeper</span></div>"
)
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
        f"<body><header>{_BRAND}</header><main><h1>{escape(title)}</h1>{text}{_anchor(link)}"
        f'<p class="code">Answer {status}</p></main></body></html>'
    ).encode()


def _anchor(link: Link | None) -> str:
    if link is None:
        return ""
    tab = ' target="_blank" rel="noopener noreferrer"' if link.new_tab else ""
    return f'<p><a class="button" href="{escape(link.url)}"{tab}>{escape(link.text)}</a></p>'
