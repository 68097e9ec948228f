"""The one page of hello: no script, nothing loaded, everything put in escaped."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from tenant_apps.kit import AuthUser

_STYLE = """
:root{color-scheme:light dark;--paper:#faf6ef;--card:#fffdf9;--ink:#2b2420;--soft:#6b5d52;--line:#e4d9c8;
--accent:#8a4b1f;--on-accent:#fffaf2;--glow:#ffc561;--tint:#f6ead8;--good:#2f6b3c;--good-tint:#e3f0e0;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",ui-serif,Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
--mono:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#1c1815;--card:#26211d;--ink:#f3ebe1;--soft:#b9ab9c;--line:#3d352e;
--accent:#f0a868;--on-accent:#2a1608;--tint:#33291f;--good:#8fd19c;--good-tint:#1f3325}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--paper);color:var(--ink);font:1.0625rem/1.6 var(--sans)}
a{color:var(--accent);font-weight:600;text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:.3rem}
h1,h2{margin:0;font-family:var(--serif);font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:clamp(2rem,1.5rem + 2.4vw,3rem);letter-spacing:-.01em}
h2{font-size:1.3125rem;margin-bottom:.375rem}
p{margin:0}
.soft{color:var(--soft)}
.bar,main{width:100%;max-width:60rem;margin:0 auto;padding:1.125rem 1.25rem}
.bar{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1.5rem}
.bar span{display:inline-flex;align-items:center;gap:.625rem;font:600 1.25rem/1 var(--serif)}
.bar svg{width:1.75rem;height:1.75rem}
.house{fill:var(--accent)}.door{fill:var(--glow)}.key{fill:#5a3213}
main{padding-bottom:4rem;display:grid;gap:1.5rem}
main>*{min-width:0}
section{padding:1.5rem;background:var(--card);border:1px solid var(--line);border-radius:.875rem}
.hero{padding:clamp(1.5rem,1rem + 3vw,3rem);background:var(--tint);border-color:transparent}
.hero p{margin-top:.75rem;max-width:38rem;font-size:1.125rem}
.facts{display:flex;flex-wrap:wrap;gap:.5rem;margin:1.25rem 0 0;padding:0;list-style:none}
.facts li{padding:.25rem .75rem;border-radius:99rem;background:var(--card);font-size:.9375rem;overflow-wrap:anywhere}
.facts .checked{background:var(--good-tint);color:var(--good);font-weight:600}
.ways{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr));gap:.75rem;margin:1rem 0 0;
padding:0;list-style:none}
.ways a{display:block;height:100%;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.625rem;
text-decoration:none}
.ways a:hover{border-color:var(--accent)}
.ways span{display:block;color:var(--soft);font-weight:400;font-size:.9375rem;line-height:1.4}
table{width:100%;margin-top:1rem;border-collapse:collapse;table-layout:fixed;font-size:.9375rem;line-height:1.45}
th,td{padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{width:34%;font-weight:600}
td{font-family:var(--mono);font-size:.8438rem}
.ours th::after{content:"from the gate";display:block;width:max-content;max-width:100%;margin-top:.125rem;
padding:0 .5rem;border-radius:99rem;background:var(--good-tint);color:var(--good);font-size:.75rem}
@media (max-width:40rem){section{padding:1.25rem}tr,th,td{display:block;width:auto}tr{border-top:1px solid var(--line);
padding:.5rem 0}th,td{border:0;padding:0}.ours th::after{display:inline-block;margin:0 0 0 .5rem}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"

_LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><path class="house" d="M16 2 2 14h3v15h22V14h3z"/>'
    '<path class="door" d="M11 29V18a5 5 0 0 1 10 0v11z"/><circle class="key" cx="18.5" cy="21.5" r="1.2"/></svg>'
)
_WAYS = (
    ("/echo", "Echo", "This request as JSON; any path and method will do"),
    ("/events", "Event stream", "Ten ticks, one after the other"),
    ("/cookie", "A cookie of the app", "Set one, come back here, and see it below"),
    ("/public/hello", "Public path", "Open to everybody, so nobody is named"),
)
_STAND = {
    True: "You stand in a stack of your own. Nobody gets past its door without your leave, "
    "and the app behind it knows that it is you.",
    False: "You are a guest in this stack: its user shared it with you.",
}
_IDENTITY = ("x-auth-", "remote-")


def render(user: AuthUser, host: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """The page for this caller, who came by `host`, with what the request carried."""
    facts = (("Tenant", user.tenant), ("Role", user.role), ("E-mail", user.email), ("Host", host))
    listed = "".join(f"<li>{name}: <strong>{escape(value)}</strong></li>" for name, value in facts if value)
    ways = "".join(f'<li><a href="{path}">{name}<span>{text}</span></a></li>' for path, name, text in _WAYS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Hello, {escape(user.user)}</title><style>{_STYLE}</style></head><body>"
        f'<header class="bar"><span>{_LOGO}hello</span><a href="/.innkeeper/sign-out">Sign out</a></header><main>'
        f'<section class="hero"><h1>Hello, {escape(user.user)}.</h1>'
        f"<p>{_STAND[user.role == 'owner']}</p>"
        f'<ul class="facts"><li class="checked">✓ Signature checked</li>{listed}</ul></section>'
        f'<section><h2>Try it</h2><ul class="ways">{ways}</ul></section>'
        f"{_table('Cookies', _cookies_said(cookies), cookies)}"
        f"{_table('Headers', 'Every header of this request, as it reached the app.', headers)}"
        "</main></body></html>"
    )


def _cookies_said(cookies: Mapping[str, str]) -> str:
    if cookies:
        return "The app’s own. The cookie that let you in is not among them: it stays at the door."
    return "None. The cookie that let you in stays at the door."


def _table(title: str, said: str, rows: Mapping[str, str]) -> str:
    lines = "".join(_row(name, value) for name, value in sorted(rows.items(), key=_order))
    label = title.lower()
    table = f'<table aria-labelledby="{label}"><tbody>{lines}</tbody></table>' if lines else ""
    return f'<section><h2 id="{label}">{title}</h2><p class="soft">{said}</p>{table}</section>'


def _order(row: tuple[str, str]) -> tuple[bool, str]:
    return not row[0].startswith(_IDENTITY), row[0]


def _row(name: str, value: str) -> str:
    ours = ' class="ours"' if name.startswith(_IDENTITY) else ""
    return f'<tr{ours}><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
