"""What a service is when no container runs it: its `x-innkeeper` words, and its environment outside of one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack_deployer.errors import EngineRefused

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z", re.ASCII)
_SECRETS = "/run/secrets/"  # where Compose puts a service's secrets: compose-spec, "secrets"
_KNOWN = ("program", "postgres", "redis")


@dataclass(frozen=True, slots=True)
class Kind:
    """`kind`: program, postgres or redis; `run`: the Python module of a program, else empty."""

    kind: str
    run: str = ""


def read(service: str, definition: Mapping[str, Any]) -> Kind:
    """The service's kind; raises EngineRefused when it does not say, or says what makes no sense."""
    words = definition.get("x-innkeeper")
    if not isinstance(words, Mapping) or words.get("kind") not in _KNOWN:
        raise EngineRefused(service, f"x-innkeeper.kind must say what it is: {', '.join(_KNOWN)}")
    if words["kind"] != "program":
        return Kind(words["kind"])
    run = words.get("run")
    if not isinstance(run, str) or not _MODULE.match(run):
        raise EngineRefused(service, "x-innkeeper.run must name the Python module of the program")
    return Kind("program", run)


def environment(service: str, definition: Mapping[str, Any], secrets: Path) -> dict[str, str]:
    """The variables its Compose file gives it, `$$` undone and `/run/secrets/…` found in `secrets`.

    Raises EngineRefused for a variable that only Compose could fill in.
    """
    given = definition.get("environment") or {}
    if not isinstance(given, Mapping):
        pairs = (str(line).partition("=") for line in given)
        given = {name: value if equals else None for name, equals, value in pairs}
    return {str(name): _value(service, str(name), value, secrets) for name, value in given.items()}


def _value(service: str, name: str, value: object, secrets: Path) -> str:
    if value is None:
        raise EngineRefused(service, f"environment.{name} has no value, and none is taken from the machine")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "$" in text.replace("$$", ""):
        raise EngineRefused(service, f"environment.{name} has a ${{…}} that only Compose fills in")
    text = text.replace("$$", "$")
    if text.startswith(_SECRETS):
        file = text.removeprefix(_SECRETS)
        if "/" in file or file in ("", ".", ".."):
            raise EngineRefused(service, f"environment.{name} names no secret of the stack")
        return str(secrets / file)
    return text
