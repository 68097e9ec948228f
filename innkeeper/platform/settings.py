"""The few settings that `innkeeper up` takes from its environment and hands to the processes they are for."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from auth_manager.sessions.session import Lifetimes
from stack_deployer.contract import environment
from stack_deployer.contract.environment import Environment

AtLeastOne = Annotated[int, Field(ge=1)]

_FOR_SESSIONS = frozenset({"session_timeout_minutes", "session_max_hours"})
_OF = {
    "gate": _FOR_SESSIONS | {"log_level"},
    "portal": _FOR_SESSIONS | {"token_expiry_days", "log_level"},
    "worker": frozenset({"log_level"}),
}


class UpSettings(Environment):
    """What an operator may set for the embedded platform; everything else is in its state directory."""

    session_timeout_minutes: AtLeastOne = 60
    session_max_hours: AtLeastOne = 12
    token_expiry_days: AtLeastOne = 365
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def lifetimes(self) -> Lifetimes:
        return Lifetimes(idle=self.session_timeout_minutes * 60, cap=self.session_max_hours * 3600)

    def environment_of(self, process: str) -> dict[str, str]:
        """The variables that hand these settings to `gate`, `portal` or `worker`."""
        return {f"{environment.PREFIX}{name.upper()}": str(getattr(self, name)) for name in sorted(_OF[process])}


def read(environ: Mapping[str, str] = os.environ) -> UpSettings:
    """The settings; raises BadSettings with every fault."""
    return environment.read(UpSettings, environ)
