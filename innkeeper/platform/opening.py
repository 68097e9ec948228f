"""Opening a claimed state directory for a start: what is recorded, what was asked for, what this machine has free."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

from innkeeper.platform import ports, state
from innkeeper.platform.errors import Clash, InnError, from_os
from innkeeper.platform.layout import Layout
from innkeeper.platform.state import Platform, Record, Supervisor
from stack_deployer.contract.names import domain_name
from stack_deployer.engines.processes import Processes
from stack_deployer.engines.record import identity
from stack_deployer.errors import Held

_ROOM = 32 * 1024 * 1024  # bytes free on the disk without which nothing is begun
_DYING = 2.0  # seconds that a killed process may take to be gone altogether


@dataclass(frozen=True, slots=True)
class Opening:
    """What `innkeeper up` was asked for; None means: as before, or the default the first time."""

    root: Path
    domain: str | None = None
    port: int | None = None


async def take_lock(processes: Processes) -> None:
    """Become the supervisor of the state directory; raises Held when another one is alive.

    A process that was just killed may hold its lock a moment longer than it seems alive.
    """
    until = time.monotonic() + _DYING
    while True:
        try:
            return processes.lock()
        except Held as held:
            if (held.pid and identity(held.pid)) or time.monotonic() > until:
                raise
        await asyncio.sleep(0.02)


def look_ahead(opening: Opening) -> None:
    """Nothing, when a start may be tried: looked at before anything is made or a process begun.

    Raises NameRefused for a domain that can never be, Clash for one that is not this directory's, InnError.
    """
    if opening.domain is not None:
        domain_name(opening.domain)
    layout = Layout(state.absolute(opening.root))
    try:
        record = state.read_record(layout) if layout.record.exists() else None
        if record is not None:
            _require_domain(Platform(layout, record), opening)
        if not _begun(layout):
            _require_port(opening, record or Record(), Processes(layout.run))
    except OSError as error:
        raise from_os(error, layout.root) from None
    except Clash:
        raise
    except InnError:
        if not _begun(layout):  # else somebody has just begun it, and has the port rightly
            raise


def _begun(layout: Layout) -> bool:
    """Whether a supervisor has it: then it says by itself what runs."""
    return layout.record.exists() and Platform(layout, state.read_record(layout)).supervised


def open_platform(layout: Layout, opening: Opening, processes: Processes) -> Platform:
    """The platform of the record, made when there is none, with ports that are its own or free.

    `processes` are held by the caller. Raises InnError for what an operator must act on, OSError.
    """
    _require_room(layout)
    record = (
        state.read_record(layout) if layout.record.exists() else Record(domain=opening.domain or state.DEFAULT_DOMAIN)
    )
    domain_name(record.domain)
    platform = Platform(layout, record)
    _require_domain(platform, opening)
    port = _require_port(opening, record, processes)
    platform.write(
        port=port,
        ports=ports.choose(record.ports, running=processes.running(), avoid=port),
        supervisor=Supervisor(pid=os.getpid(), started=identity(os.getpid()) or ""),
        ready=False,
        processes=[],
    )
    return platform


def _require_domain(platform: Platform, opening: Opening) -> None:
    domain, root = platform.record.domain, platform.layout.root
    if opening.domain not in (None, domain):
        runs = f" and runs at {platform.site.portal}" if platform.supervised else ""
        raise Clash(
            f"{root} was made for the domain {domain!r}{runs}, and its stacks' hosts are in it; "
            f"for {opening.domain!r} choose another directory with --state"
        )


def _require_port(opening: Opening, record: Record, processes: Processes) -> int:
    """Traefik's port, free or its own already."""
    port = opening.port or record.port
    if not ("traefik" in processes.running() and port == record.port):
        ports.require(port)
    return port


def _require_room(layout: Layout) -> None:
    found = os.statvfs(layout.root)
    if found.f_bavail * found.f_frsize < _ROOM:
        free, needed = found.f_bavail * found.f_frsize // 2**20, _ROOM // 2**20
        raise InnError(f"{layout.root}: the disk is full: {free} MiB are free, {needed} are needed; free some space")
