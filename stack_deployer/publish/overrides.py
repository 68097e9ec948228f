"""Overrides: a file a stack for Traefik's file provider, naming the very servers that answer.

https://doc.traefik.io/traefik/reference/dynamic-configuration/file/. No middleware: the gate is on the
entry point, so that no router can do without it.
"""

import asyncio
import http.client
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from stack_deployer.contract.names import canonical_host
from stack_deployer.errors import StepFailed

DEADLINE = 5.0  # seconds until Traefik must show a change
_POLL = 0.05


def document(stack_id: str, hosts: Sequence[str], urls: Sequence[str]) -> str:
    """The override as text: the n-th host is answered at the n-th URL; raises ValueError for what cannot be one.

    Traefik reads it as a Go template, and one bad file at its start is the end of all file routes.
    """
    names = [f"{stack_id}-{index}" for index in range(len(hosts))]
    for host in hosts:
        if canonical_host(host) != host:
            raise ValueError(f"{host!r} is no host")
    plain = {
        "http": {
            "routers": {
                name: {"rule": f"Host(`{host}`)", "service": name} for name, host in zip(names, hosts, strict=True)
            },
            "services": {
                name: {"loadBalancer": {"servers": [{"url": url}]}} for name, url in zip(names, urls, strict=True)
            },
        }
    }
    text = yaml.safe_dump(plain, sort_keys=False, width=1000)
    if "{{" in text or yaml.safe_load(text) != plain:
        raise ValueError("the override would be read as something else than it says")
    return f"# Written by the worker; changed and removed by it alone.\n{text}"


class Overrides:
    """The override files in `dynamic_dir`; `api`: Traefik's API, as `http://127.0.0.1:9000`, empty for none."""

    def __init__(self, dynamic_dir: Path, api: str) -> None:
        self._dir = dynamic_dir
        self._api = urlsplit(api) if api else None

    def path(self, stack_id: str) -> Path:
        return self._dir / f"stack-{stack_id}.yml"

    def write(self, stack_id: str, hosts: Sequence[str], urls: Sequence[str]) -> bool:
        """Put the override in place unless it is there; whether it was not. Raises OSError, ValueError."""
        path, text = self.path(stack_id), document(stack_id, hosts, urls)
        if path.exists() and path.read_text() == text:
            return False
        new = path.with_suffix(".new")  # Traefik reads files that end in .yml, .yaml and .toml
        new.write_text(text)
        os.replace(new, path)
        return True

    def drop(self, stack_id: str) -> None:
        """Take the override away; none there is well."""
        self.path(stack_id).with_suffix(".new").unlink(missing_ok=True)
        self.path(stack_id).unlink(missing_ok=True)

    async def shown(self, stack_id: str, urls: Sequence[str]) -> None:
        """Return once Traefik routes to these servers; raises StepFailed("route") after 5 s."""
        seen = await self._until(stack_id, {f"{stack_id}-{index}": {url} for index, url in enumerate(urls)})
        if not seen:
            raise StepFailed("route", f"Traefik does not show the stack's routes within {DEADLINE:.0f} s")

    async def gone(self, stack_id: str, count: int) -> None:
        """Return once Traefik routes nothing to the stack's `count` hosts; raises StepFailed("withdraw") after 5 s.

        A Traefik that does not answer routes nothing: it reads the files anew when it starts.
        """
        if not await self._until(stack_id, {f"{stack_id}-{index}": set() for index in range(count)}, silence=True):
            raise StepFailed("withdraw", f"Traefik still shows the stack's routes after {DEADLINE:.0f} s")

    async def _until(self, stack_id: str, wanted: Mapping[str, set[str]], *, silence: bool = False) -> bool:
        give_up = time.monotonic() + DEADLINE
        while True:
            found = {name: await asyncio.to_thread(self._servers, name) for name in wanted}
            if self._api is None or found == wanted or (silence and None in found.values()):
                return True
            if time.monotonic() > give_up:
                return False
            await asyncio.sleep(_POLL)

    def _servers(self, name: str) -> set[str] | None:
        """Where Traefik routes that name: empty for nowhere, None when no Traefik runs, `?` when it does not say."""
        try:
            router = self._ask(f"/api/http/routers/{name}@file")
            service = self._ask(f"/api/http/services/{name}@file")
        except ConnectionRefusedError:
            return None
        except (OSError, http.client.HTTPException, ValueError):
            return {"?"}
        if router.get("status") != "enabled":
            return set()
        return {server.get("url", "?") for server in service.get("loadBalancer", {}).get("servers", [])}

    def _ask(self, path: str) -> dict[str, Any]:
        if self._api is None:
            return {}
        connection = http.client.HTTPConnection(self._api.hostname or "", self._api.port or 80, timeout=1.0)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        found = json.loads(body) if answer.status == 200 else {}
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return found
