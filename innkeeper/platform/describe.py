"""The platform as people and programs are told of it."""

from typing import Any

from innkeeper.platform import programs
from innkeeper.platform.state import Platform
from stack_deployer.contract import wanted
from stack_deployer.engines.processes import Processes


def processes(platform: Platform) -> list[dict[str, Any]]:
    """Name, pid, port and state of each platform process: running, restarting or stopped."""
    found = Processes(platform.layout.run)
    running = found.running()
    otherwise = "restarting" if platform.supervised else "stopped"
    return [
        {
            "name": name,
            "pid": running[name].pid if name in running else None,
            "port": programs.port_of(platform, name),
            "state": "running" if name in running else otherwise,
        }
        for name in programs.NAMES
    ]


async def describe(platform: Platform) -> dict[str, Any]:
    """Portal, domain, supervisor, processes and stacks; works without Redis."""
    async with platform.connected() as inn, inn.engine.connect() as conn:
        stacks = [stack.as_json() | {"urls": urls(platform, stack)} for stack in await wanted.live(conn)]
    supervisor = platform.record.supervisor if platform.supervised else None
    return {
        "portal": platform.site.portal,
        "domain": platform.record.domain,
        "state": str(platform.layout.root),
        "supervisor": supervisor.pid if supervisor else None,
        "processes": processes(platform),
        "stacks": stacks,
    }


def urls(platform: Platform, stack: wanted.Wanted) -> list[str]:
    """Where the stack's hosts are, the dashboard's first."""
    return [platform.site.origin(host) + "/" for host in stack.hosts]


def templates() -> list[str]:
    """The names of the templates that stacks can be made of."""
    return sorted(path.parent.name for path in programs.TEMPLATES.glob("stacks/*/stack.yml"))
