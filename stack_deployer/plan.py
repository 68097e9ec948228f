"""The pure plan between what is wanted and what is: which steps are still missing, and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol

from stack_deployer.contract.wanted import Goal

StepName = Literal["directory", "secrets", "render", "start", "health", "route", "withdraw", "stop", "delete"]

DEPLOY: tuple[StepName, ...] = ("directory", "secrets", "render", "start", "health", "route")
STOP: tuple[StepName, ...] = ("withdraw", "stop")
REMOVE: tuple[StepName, ...] = ("withdraw", "stop", "delete")

# Beginning a step undoes what these steps did, so they are struck from the record before it is done.
# A stop undoes `render` too: the next start takes the template as it is then.
_UNDONE: dict[StepName, tuple[StepName, ...]] = {
    "directory": (*DEPLOY, *STOP),
    "secrets": (*DEPLOY[1:], *STOP),
    "render": (*DEPLOY[2:], *STOP),
    "start": (*DEPLOY[3:], *STOP),
    "health": DEPLOY[4:],
    "route": DEPLOY[5:],
    "withdraw": (*DEPLOY[2:], *STOP),
    "stop": (*DEPLOY[2:], "stop"),
    "delete": (*DEPLOY, "delete"),
}


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the template said of the stack's routes when it was rendered last.

    `services`: the service of each host, dashboard's first; `public`, `origins`, `headers` as in Route.
    """

    services: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """What is deployed, as the stack's directory keeps it. `generation` counts the renderings that differed."""

    id: str
    name: str
    user_id: str
    user: str
    tenant: str
    region: str
    template: str
    hosts: tuple[str, ...]
    template_digest: str = ""
    generation: int = 0
    done_steps: tuple[StepName, ...] = ()
    exposure: Exposure = field(default_factory=Exposure)

    def begin(self, step: StepName) -> "Record":
        """The record to write before the step is done: without what the step undoes."""
        return replace(self, done_steps=tuple(done for done in self.done_steps if done not in _UNDONE[step]))

    def finish(self, step: StepName) -> "Record":
        """The record to write once the step is done."""
        return replace(self, done_steps=(*self.begin(step).done_steps, step))

    def to_value(self) -> dict[str, Any]:
        """The plain value for JSON."""
        return asdict(self)

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> "Record":
        """The record of a plain value; raises TypeError or KeyError for a foreign shape."""
        plain = dict(value)
        exposure = dict(plain["exposure"])
        for name in ("services", "public", "origins"):
            exposure[name] = tuple(exposure[name])
        for name in ("hosts", "done_steps"):
            plain[name] = tuple(plain[name])
        return cls(**(plain | {"exposure": Exposure(**exposure)}))


@dataclass(frozen=True, slots=True)
class Step:
    """One small, idempotent step, and why it is needed."""

    name: StepName
    why: str


class Wish(Protocol):
    """What the plan asks of a row of user_apps."""

    @property
    def wanted(self) -> Goal: ...
    @property
    def status(self) -> str: ...


class Sight(Protocol):
    """What the plan asks of an engine's observation."""

    @property
    def running(self) -> bool: ...
    @property
    def services(self) -> Mapping[str, str]: ...


def plan(wanted: Wish, record: Record | None, observed: Sight | None) -> list[Step]:
    """The steps from what is to what is wanted, in order; none when nothing is to be done.

    `observed` is None when the engine has nothing of the stack.
    """
    if wanted.status == "removed":
        return []
    if wanted.wanted == "removed":
        return [Step(name, "its removal is recorded") for name in REMOVE]
    if wanted.wanted == "stopped":
        return _stop(record, observed)
    return _deploy(record, observed)


def _stop(record: Record | None, observed: Sight | None) -> list[Step]:
    alive = observed is not None and any(state != "exited" for state in observed.services.values())
    if alive:
        return [Step(name, "it still runs") for name in STOP]
    if record is None:
        return []
    done = record.done_steps
    first = next((index for index, name in enumerate(STOP) if name not in done), len(STOP))
    return [Step(name, "it is to stop") for name in STOP[first:]]


def _deploy(record: Record | None, observed: Sight | None) -> list[Step]:
    if record is None:
        return [Step(name, "not deployed yet") for name in DEPLOY]
    missing = {name: "not done yet" for name in DEPLOY if name not in record.done_steps}
    if observed is None or not observed.running:
        missing.setdefault("start", "it does not run")
    first = next((index for index, name in enumerate(DEPLOY) if name in missing), len(DEPLOY))
    return [Step(name, missing.get(name, "follows from the step before")) for name in DEPLOY[first:]]
