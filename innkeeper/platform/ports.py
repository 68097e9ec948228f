"""The platform's ports on loopback: free ones for its own use, and who holds the one it is to have."""

import errno
import socket
from collections.abc import Collection

import psutil

from innkeeper.platform.errors import InnError
from stack_deployer.engines import ports

NAMES = ("redis", "gate", "portal", "traefik_api")


def choose(before: dict[str, int], *, running: Collection[str], avoid: int) -> dict[str, int]:
    """A port for each name: the one it had, when its process is among those `running` or the port is free; else new."""
    chosen: dict[str, int] = {}
    for name in NAMES:
        had = before.get(name)
        process = "traefik" if name == "traefik_api" else name
        if had is not None and had != avoid and (process in running or ports.free(had)):
            chosen[name] = had
    for name in NAMES:
        if name not in chosen:
            chosen[name] = ports.choose({avoid, *before.values(), *chosen.values()})
    return chosen


def require(port: int) -> None:
    """Nothing, when Traefik can listen on that port; raises InnError with who does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ports.LOOPBACK, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = f"is in use{_holder(port)}; stop that, or choose" if in_use else f"{error.strerror}; choose"
            raise InnError(f"port {port} on {ports.LOOPBACK}: {why} another with --port") from None


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})" if connection.pid else ""
    except psutil.Error:
        pass
    return ""
