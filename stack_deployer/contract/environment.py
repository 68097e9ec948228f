"""Settings from the environment, alike for every process: `INNKEEPER_*`, founding names, `*_FILE` for secrets.

All that is wrong is reported at once. An `INNKEEPER_*` that no process knows is refused: a misspelt
setting must not silently leave the default in force.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

PREFIX = "INNKEEPER_"

# Setting -> founding name, taken when the INNKEEPER_ one is absent.
ALIASES = {
    "server_port": "SERVER_PORT",
    "redis_host": "REDIS_HOST",
    "redis_port": "REDIS_PORT",
    "redis_username": "REDIS_USERNAME",
    "redis_password": "REDIS_PASSWORD",
    "database_url": "DATABASE_URL",
    "session_timeout_minutes": "SESSION_TIMEOUT_MINUTES",
    "session_max_hours": "SESSION_MAX_HOURS",
    "token_expiry_days": "TOKEN_EXPIRY_DAYS",
    "log_level": "LOG_LEVEL",
}

# Every setting of every process, so that one environment file can serve them all.
KNOWN = frozenset(ALIASES) | {
    "domain", "public_scheme", "public_port", "trusted_peers", "server_host", "keys_dir", "gate_certificate",
    "gate_certificate_key", "portal_host", "portal_port", "stacks_dir", "templates_dir", "traefik_dynamic_dir",
    "state", "traefik_api",
}  # fmt: skip


class BadSettings(ValueError):
    """Everything wrong with the settings, a line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Environment(BaseModel):
    """Base of each process's settings: frozen, and no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


E = TypeVar("E", bound=Environment)


def read(model: type[E], environ: Mapping[str, str] = os.environ) -> E:
    """The process's settings out of the environment; raises BadSettings with every fault, secrets unsaid."""
    faults: list[str] = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).removesuffix("_FILE").lower() not in KNOWN:
            faults.append(f"{name}: no setting of that name is known; see docs/configuration.md")
    values: dict[str, Any] = {}
    for field in model.model_fields:
        found = _find(field, environ, faults)
        if found is not None:
            values[field] = found
    try:
        settings = model(**values)
    except ValidationError as error:
        for fault in error.errors():
            field = str(fault["loc"][0]) if fault["loc"] else ""
            faults.append(f"{PREFIX}{field.upper()}: {fault['msg']}")
        raise BadSettings(faults) from None
    if faults:
        raise BadSettings(faults)
    return settings


def _find(field: str, environ: Mapping[str, str], faults: list[str]) -> str | None:
    for name in (PREFIX + field.upper(), ALIASES.get(field)):
        if name is None:
            continue
        if name in environ:
            return environ[name]
        path = environ.get(f"{name}_FILE")
        if path is not None:
            try:
                return Path(path).read_text().rstrip("\n")
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                faults.append(f"{name}_FILE: cannot read {path}: {why}")
    return None
