"""A real Traefik over a directory of dynamic files, without the gate: what is tested here is what it is told."""

import asyncio
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conftest import free_port

TRAEFIK = Path(sys.executable).with_name("traefik")
STARTS_WITHIN = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Front:
    """Where Traefik listens for people, where for its API, and the directory it reads."""

    port: int
    api_port: int
    dynamic: Path

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    async def get(self, host: str, path: str = "/") -> int:
        """The status of a request to that host."""
        return await asyncio.to_thread(ask, self.port, host, path)


def ask(port: int, host: str, path: str) -> int:
    """The status that a server on loopback answers to that host; 0 when none listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
    except ConnectionError:
        return 0
    finally:
        connection.close()
    return answer.status


@contextmanager
def traefik(root: Path) -> Iterator[Front]:
    """A Traefik with its files in `root`, ended on leaving."""
    front = Front(free_port(), free_port(), root / "dynamic")
    front.dynamic.mkdir(exist_ok=True)
    static = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "api": {"insecure": True},
        "entryPoints": {
            "web": {"address": f"127.0.0.1:{front.port}", "asDefault": True},
            "traefik": {"address": f"127.0.0.1:{front.api_port}"},
        },
        "providers": {
            "providersThrottleDuration": "100ms",
            "file": {"directory": str(front.dynamic), "watch": True},
        },
    }
    (root / "traefik.yml").write_text(yaml.safe_dump(static))
    with (root / "traefik.log").open("w") as log:
        command = [str(TRAEFIK), f"--configFile={root / 'traefik.yml'}"]
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                give_up = time.monotonic() + STARTS_WITHIN
                while ask(front.api_port, "localhost", "/api/version") != 200:
                    assert time.monotonic() < give_up, (root / "traefik.log").read_text()
                    time.sleep(0.05)
                yield front
            finally:
                process.terminate()
