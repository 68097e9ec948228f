"""Traefik's configuration, written from the gate's own list of headers.

Static: https://doc.traefik.io/traefik/reference/static-configuration/file/; dynamic: the file provider's
https://doc.traefik.io/traefik/reference/dynamic-configuration/file/.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from auth_manager.gate.answers import AUTH_RESPONSE_HEADERS
from innkeeper.platform.errors import Refused
from stack_deployer.contract.names import Site

MIDDLEWARE = "auth-forward"
_MAX_ANSWER = 256 * 1024  # bytes of a page of the gate; not set, Traefik reads without limit

_ENCODED = ("Slash", "BackSlash", "NullCharacter", "Semicolon", "Percent", "QuestionMark", "Hash")


def static(*, port: int, api_port: int, dynamic: Path) -> dict[str, Any]:
    """traefik.yml: one entry point for people, with the gate on it; Traefik's own API on loopback."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO", "noColor": True},  # no access log: forwarded URLs carry tickets
        "api": {"insecure": True, "dashboard": False},  # on the entry point `traefik`, reading only
        "entryPoints": {
            "web": {
                "address": f"127.0.0.1:{port}",
                "asDefault": True,  # routers that name no entry point get this one, gated, and no other
                "http": {
                    "middlewares": [f"{MIDDLEWARE}@file"],  # here, so that no router can do without
                    "aliasHeadersStrategy": "delete",  # X_Auth_User is X-Auth-User to many backends
                    "encodedCharacters": {f"allowEncoded{name}": False for name in _ENCODED},
                },
                "forwardedHeaders": {"insecure": False},
                "transport": {"lifeCycle": {"graceTimeOut": "2s"}},
            },
            "traefik": {"address": f"127.0.0.1:{api_port}", "http": {"aliasHeadersStrategy": "delete"}},
        },
        "providers": {
            "providersThrottleDuration": "100ms",  # the default shows a new stack two seconds late
            "file": {"directory": _plain(str(dynamic)), "watch": True},
        },
    }


def dynamic(site: Site, *, gate_port: int, portal_port: int) -> dict[str, Any]:
    """gate.yml: the gate as middleware, the portal's router, and one for every host nobody has.

    The gate is named without a `tls:` block: with one, each router and reload keeps a connection of its own.
    """
    return {
        "http": {
            "middlewares": {
                MIDDLEWARE: {
                    "forwardAuth": {
                        "address": f"https://127.0.0.1:{gate_port}/auth",
                        "trustForwardHeader": False,  # not set is a third mode
                        "maxResponseBodySize": _MAX_ANSWER,
                        "authResponseHeaders": list(AUTH_RESPONSE_HEADERS),
                    }
                }
            },
            "routers": {
                "portal": {"rule": f"Host(`{site.portal_host}`)", "service": "portal"},
                # Without it Traefik answers 404 by itself for hosts it does not know, and the gate is not asked.
                "nobody": {"rule": "PathPrefix(`/`)", "priority": 1, "service": "nobody"},
            },
            "services": {
                "portal": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{portal_port}"}]}},
                "nobody": {"loadBalancer": {"servers": []}},
            },
        }
    }


def example() -> dict[str, bytes]:
    """The files in `traefik/` by path: what `innkeeper up` writes, with the default domain and round ports."""
    site = Site("inn.localhost", "http", 8080)
    note = "What `innkeeper up` writes into its state directory; kept equal to it by a test."
    front = static(port=8080, api_port=9000, dynamic=Path("/etc/traefik/dynamic"))
    gate = dynamic(site, gate_port=8400, portal_port=8401)
    return {"traefik.yml": dump(front, note=note), "dynamic/gate.yml": dump(gate, note=note)}


def dump(document: dict[str, Any], *, note: str = "") -> bytes:
    """The document as YAML, led by `note` as a comment."""
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return (f"# {note}\n{text}" if note else text).encode()


def _plain(path: str) -> str:
    """The path itself, when no reader on the way takes a part of it for something else; raises Refused."""
    if re.search(r"[\x00-\x1f\x7f]|\{\{", path):
        raise Refused(f"the state directory {json.dumps(path)} has characters in its name that Traefik cannot take")
    return path
