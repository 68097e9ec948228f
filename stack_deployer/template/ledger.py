"""The ledger of a check: what is wrong, path first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WHY = {  # what people try most, each with its threat
    "privileged": "would be root on the host",
    "network_mode": "would leave the stack's own network",
    "ports": "would be reachable past the gate",
    "pid": "would see the host's processes",
    "ipc": "would share the host's memory",
    "devices": "would reach the host's hardware",
    "env_file": "would put secrets where docker inspect shows them",
    "build": "would run unchecked code on the host; name an image",
    "container_name": "would clash when the service is scaled",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Collects faults, each led by its path, so that all are told at once."""

    faults: list[str]

    def keys(self, path: str, found: Mapping[Any, Any], allowed: tuple[str, ...]) -> None:
        """Every key that is not on the list is a fault; `path` ends with a dot or is empty."""
        for key in found:
            if key not in allowed:
                why = WHY.get(str(key), "no stack may have it")
                self.faults.append(f"{path}{key}: is refused: {why}")

    def hold(self, path: str, fine: bool, must: str) -> None:
        """What is not fine is a fault."""
        if not fine:
            self.faults.append(f"{path}: {must}")

    def mapping(self, path: str, found: Any) -> dict[Any, Any]:
        """The mapping that is found, else a fault and an empty one."""
        self.hold(path, isinstance(found, dict), "must be a mapping")
        return found if isinstance(found, dict) else {}

    def texts(self, path: str, found: Any) -> list[str]:
        """The list of texts that is found, else a fault and an empty one."""
        fine = isinstance(found, list) and all(isinstance(one, str) for one in found)
        self.hold(path, fine, "must be a list of texts")
        return found if fine else []
