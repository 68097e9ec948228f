"""Everything the deployer refuses or fails at, with data for whoever tells a person.

DeployerError
├── TemplateRefused      a template that cannot be rendered: all its faults
├── PolicyRefused        a rendered stack that asks for what no stack may have: all its faults
├── DirectoryCorrupt     a stack's directory that cannot be trusted
├── EngineRefused        a service that this engine cannot run, said before anything changes
├── StepFailed           a step of a deploy that did not come to its end: tried again later
├── Held                 another supervisor owns the run directory: nothing was changed
└── ProcessError
    ├── NotStarted       a program that cannot be started at all
    └── NotStopped       a process that outlived SIGKILL
"""

from collections.abc import Sequence
from pathlib import Path


class DeployerError(Exception):
    """Root of the tree; its text is for people, one line unless it lists faults."""


class TemplateRefused(DeployerError):
    """`faults`: everything wrong with the template, each beginning with the path of the culprit."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class PolicyRefused(DeployerError):
    """`faults`: everything the rendered stack may not have, each beginning with the path of the culprit."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class DirectoryCorrupt(DeployerError):
    """`path`: the file or directory that is not as we left it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class EngineRefused(DeployerError):
    """`service`: the one that this engine cannot run, and `why`."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"service {service}: {why}")
        self.service = service
        self.why = why


class StepFailed(DeployerError):
    """`step` that failed, the `reason` for people, and the service's last `log_lines`."""

    def __init__(self, step: str, reason: str, log_lines: Sequence[str] = ()) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.log_lines = tuple(log_lines)


class Held(DeployerError):
    """`pid`: the supervisor that owns the run directory; 0 when it has not said so yet."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"another supervisor (pid {pid}) already runs here")
        self.pid = pid


class ProcessError(DeployerError):
    """What goes wrong between a supervisor and its processes."""


class NotStarted(ProcessError):
    """`name`: the program that did not start, and `why`."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} does not start: {why}")
        self.name = name
        self.why = why


class NotStopped(ProcessError):
    """`name` and `pid` of a process that is still there after SIGKILL."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__(f"{name} (pid {pid}) does not end")
        self.name = name
        self.pid = pid
