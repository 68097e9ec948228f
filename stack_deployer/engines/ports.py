"""Loopback ports of a stack's services, recorded before anybody listens, so that they stay over restarts."""

import errno
import json
import os
import secrets
import socket
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
# Below the ports that systems give to outgoing connections: those would take a stopped service's.
_RANGE = range(20000, 32768)


def read(stack: Path) -> dict[str, int]:
    """Service -> port as recorded in `<stack>/ports.json`; empty when there is no legible record."""
    try:
        found = json.loads((stack / "ports.json").read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): port for name, port in found.items() if isinstance(port, int) and 0 < port < 65536}


def write(stack: Path, ports: dict[str, int]) -> None:
    """Record them whole; raises OSError with nothing changed."""
    draft = stack / "ports.json.new"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(ports, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(stack / "ports.json")


def free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are no hindrance
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(taken: Collection[int] = ()) -> int:
    """A free port that is not among those taken; the caller records it before it is used."""
    for _ in range(1000):
        port = secrets.choice(_RANGE)
        if port not in taken and free(port):
            return port
    raise OSError(errno.EADDRINUSE, f"no free port between {_RANGE.start} and {_RANGE.stop - 1}")


def listens(pids: Iterable[int], port: int) -> bool:
    """Whether one of these processes listens there itself: an answer alone may come from somebody else."""
    for pid in pids:
        try:
            connections = psutil.Process(pid).net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return True
    return False
