"""The engine `local`: a stack's services as processes of this machine, for trying and for tests.

It isolates nothing: a service can reach whatever this user can. Its ports are on loopback alone.
"""

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import NoReturn

from stack_deployer.engines import health, kinds, log, ports
from stack_deployer.engines.engine import Backend, Deployment, Observed, State
from stack_deployer.engines.processes import Processes
from stack_deployer.engines.program import Program
from stack_deployer.errors import EngineRefused, ProcessError, StepFailed

RUN = ".run"  # in the stacks' directory: records of their processes
GRACE = 5.0  # seconds between TERM and KILL
ENOUGH = 6  # times a service may end while we wait for its health
_POLL = 0.1
_LOG_LINES = 20
_ID = re.compile(r"[A-Za-z0-9-]+\Z", re.ASCII)  # no dot: it ends the id in a process's name
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z", re.ASCII)


class LocalEngine:
    """Runs the stacks in `stacks_dir`; one engine at a time may start and stop them, others only look."""

    name = "local"

    def __init__(self, stacks_dir: Path) -> None:
        self._stacks_dir = stacks_dir.absolute()
        self._processes = Processes(self._stacks_dir / RUN)

    def check(self, deployment: Deployment) -> None:
        """Raises EngineRefused for a service that is no Python program."""
        self._stack(deployment.id)
        for service, definition in deployment.services.items():
            if not _SERVICE.match(service):
                raise EngineRefused(service, "cannot name a service")
            kind = kinds.read(service, definition)
            if kind.kind != "program":
                raise EngineRefused(service, f"{kind.kind} comes with the docker engine; local runs programs alone")
            kinds.environment(service, definition, self._stack(deployment.id) / "secrets")

    async def start(self, deployment: Deployment) -> None:
        """Start, adopt or replace a process a service; raises EngineRefused, StepFailed("start"), Held."""
        self.check(deployment)
        unwanted = [name for name in self._services(deployment.id) if name not in deployment.services]
        await self._stop(deployment.id, unwanted, step="start")
        for service in deployment.services:
            await self._start(deployment, service)

    async def healthy(self, deployment: Deployment, *, deadline: float = 60.0) -> None:
        """Return once all are healthy; a service that lost its port to somebody else gets another."""
        give_up = time.monotonic() + deadline
        for service in deployment.services:  # one after the other: they all start meanwhile
            fault = await self._fault(deployment, service, give_up)
            if fault:
                raise StepFailed("health", f"{service} {fault}", self.logs(deployment.id, service, _LOG_LINES))

    def backends(self, deployment: Deployment) -> dict[str, Backend]:
        """Loopback and the recorded port of each service."""
        known = ports.read(self._stack(deployment.id))
        return {name: Backend(ports.LOOPBACK, known[name]) for name in deployment.services if name in known}

    async def stop(self, stack_id: str) -> None:
        """End every process of the stack; raises StepFailed("stop"), Held."""
        await self._stop(stack_id, self._services(stack_id), step="stop")

    async def remove(self, stack_id: str) -> None:
        """Alike: outside of the stack's directory there are only records of running processes."""
        await self._stop(stack_id, self._services(stack_id), step="delete")

    async def observe(self) -> dict[str, Observed]:
        """What runs, what waits for its restart, and what ended while no engine watched."""
        found: dict[str, dict[str, State]] = {}
        for name, alive in self._processes.states().items():
            stack_id, _, service = name.partition(".")
            state: State = "running" if alive else "restarting" if self._processes.keeps(name) else "exited"
            found.setdefault(stack_id, {})[service] = state
        return {stack_id: Observed(services) for stack_id, services in found.items()}

    def logs(self, stack_id: str, service: str | None = None, lines: int = 20) -> list[str]:
        """The end of the service's log file; for all services each its own, one after the other."""
        directory = self._stack(stack_id) / "logs"
        if service is not None:
            return log.tail(directory / f"{service}.log", lines) if _SERVICE.match(service) else []
        names = sorted(file.name.removesuffix(".log") for file in directory.glob("*.log"))
        found = [f"{name} | {line}" for name in names for line in log.tail(directory / f"{name}.log", lines)]
        return found[-lines * max(1, len(names)) :]

    async def watch(self) -> NoReturn:
        """Restart what ends, until cancelled; raises Held."""
        await self._processes.watch()

    def close(self) -> None:
        """Let another engine take over."""
        self._processes.unlock()

    def _stack(self, stack_id: str) -> Path:
        if not _ID.match(stack_id):
            raise ValueError(f"{stack_id!r} is no stack's id")
        return self._stacks_dir / stack_id

    def _services(self, stack_id: str) -> list[str]:
        self._stack(stack_id)
        prefix = f"{stack_id}."
        return [name.removeprefix(prefix) for name in self._processes.states() if name.startswith(prefix)]

    async def _stop(self, stack_id: str, services: list[str], *, step: str) -> None:
        stopping = (self._processes.stop(f"{stack_id}.{service}", GRACE) for service in services)
        for outcome in await asyncio.gather(*stopping, return_exceptions=True):
            if isinstance(outcome, ProcessError | OSError):
                raise StepFailed(step, str(outcome)) from outcome
            if isinstance(outcome, BaseException):
                raise outcome

    async def _start(self, deployment: Deployment, service: str) -> None:
        stack = self._stack(deployment.id)
        try:
            (stack / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
            port = self._port(stack, deployment.id, service)
            await self._processes.start(self._program(deployment, service, port))
        except (ProcessError, OSError) as error:
            raise StepFailed("start", str(error), self.logs(deployment.id, service, _LOG_LINES)) from error

    def _port(self, stack: Path, stack_id: str, service: str) -> int:
        """The recorded port, or another, recorded, when somebody else has taken it."""
        known = ports.read(stack)
        port = known.get(service)
        if port is not None and (f"{stack_id}.{service}" in self._processes.running() or ports.free(port)):
            return port
        # Ports of stopped stacks too: a route that still leads there must not lead to another tenant.
        every = {
            taken for other in self._stacks_dir.glob("*/ports.json") for taken in ports.read(other.parent).values()
        }
        port = ports.choose(every)
        ports.write(stack, known | {service: port})
        return port

    def _program(self, deployment: Deployment, service: str, port: int) -> Program:
        stack, definition = self._stack(deployment.id), deployment.services[service]
        engine = {
            "PORT": str(port),
            "HOST": ports.LOOPBACK,
            "INNKEEPER_STACK_ID": deployment.id,
            "INNKEEPER_KEYS_FILE": str(stack / "keys.json"),
            "HOME": str(stack / "data"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return Program(
            name=f"{deployment.id}.{service}",
            # -P: a file that the service leaves in its data directory must not pass for a module.
            argv=(sys.executable, "-P", "-m", kinds.read(service, definition).run),
            env=kinds.environment(service, definition, stack / "secrets") | engine,
            cwd=stack / "data",
            log=stack / "logs" / f"{service}.log",
        )

    async def _fault(self, deployment: Deployment, service: str, give_up: float) -> str:
        """Wait for the service's health: empty once it has it, else what is wrong with it."""
        name, stack = f"{deployment.id}.{service}", self._stack(deployment.id)
        before = self._processes.failures(name)
        while True:
            port = ports.read(stack).get(service, 0)
            status = await health.ask(ports.LOOPBACK, port) if port else None
            if status == 200 and ports.listens(self._processes.members(name), port):
                return ""
            if name not in self._processes.running() and not ports.free(port):
                await self._start(deployment, service)  # on another port
            ended = self._processes.failures(name) - before
            if ended >= ENOUGH:
                return f"ended {ended} times"
            if time.monotonic() >= give_up:
                return _described(status, name in self._processes.running())
            await asyncio.sleep(_POLL)


def _described(status: int | None, running: bool) -> str:
    if not running:
        return "has ended"
    if status is None:
        return f"does not answer {health.PATH}"
    return (
        "listens nowhere: another process answers on its port"
        if status == 200
        else f"answers {health.PATH} with {status}"
    )
