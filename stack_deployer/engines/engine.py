"""The one Protocol of this house: whoever runs stacks can do this, and the worker calls nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Protocol

State = Literal["running", "restarting", "exited"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A rendered stack. `services`: the mapping of that name in its Compose file, parsed, `$` still doubled.

    Its directory is `<stacks_dir>/<id>/`, made and filled (secrets, keys) before the engine is asked.
    """

    id: str
    name: str
    services: Mapping[str, Mapping[str, Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Backend:
    """Where Traefik reaches a service."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Observed:
    """What the engine sees of a stack, wanted or not: the state of each of its services."""

    services: dict[str, State]

    @property
    def running(self) -> bool:
        """Whether there are services and all of them run."""
        return bool(self.services) and all(state == "running" for state in self.services.values())


class Engine(Protocol):
    """Runs stacks. Every call may be made again after a kill at any point, and then finishes the work.

    Calls for different stacks may run at once; for one stack the caller makes one at a time.
    """

    @property
    def name(self) -> str:
        """`local`, `docker` or `swarm`."""

    def check(self, deployment: Deployment) -> None:
        """Nothing, when this engine can run the stack; raises EngineRefused, having changed nothing."""

    async def start(self, deployment: Deployment) -> None:
        """Start what is not running as given, leave what is, stop services the file no longer has.

        Returns before they are healthy. Raises EngineRefused, or StepFailed("start").
        """

    async def healthy(self, deployment: Deployment, *, deadline: float = 60.0) -> None:
        """Return once every service answers its health check; `deadline` in seconds.

        Raises StepFailed("health") with the last log lines of the first service that does not.
        """

    def backends(self, deployment: Deployment) -> dict[str, Backend]:
        """Where each service answers; final only after `healthy`. Services without a place yet are absent."""

    async def stop(self, stack_id: str) -> None:
        """Stop all services, data kept; nothing to stop is well. Raises StepFailed("stop")."""

    async def remove(self, stack_id: str) -> None:
        """Stop, and delete what the engine keeps outside of the stack's directory. Raises StepFailed("delete")."""

    async def observe(self) -> dict[str, Observed]:
        """Every stack of this installation that the engine has anything of, by id; gone ones are absent."""

    def logs(self, stack_id: str, service: str | None = None, lines: int = 20) -> Sequence[str]:
        """The last `lines` of one service, or of all, then each line led by `service | `."""

    async def watch(self) -> NoReturn:
        """Keep started services running until cancelled; the worker runs it as a task."""

    def close(self) -> None:
        """Let go of the engine; what runs goes on running, and another engine may take over."""
