"""What one service may ask for. A key that is not on the list is refused, a limit that is missing, too."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from stack_deployer.template.ledger import Ledger

CAPABILITIES = frozenset({"CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"})
KINDS = ("program", "postgres", "redis")
SERVICE = (
    "cap_add", "cap_drop", "command", "cpus", "entrypoint", "environment", "expose", "healthcheck", "image", "init",
    "labels", "logging", "mem_limit", "networks", "pids_limit", "read_only", "restart", "secrets", "security_opt",
    "shm_size", "stop_grace_period", "stop_signal", "tmpfs", "user", "volumes", "working_dir", "x-innkeeper",
)  # fmt: skip
REQUIRED = (
    "image", "x-innkeeper", "networks", "mem_limit", "cpus", "pids_limit", "logging", "cap_drop", "security_opt",
    "read_only", "init", "healthcheck",
)  # fmt: skip
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
_SIZE = re.compile(r"[1-9][0-9]*[kmg]b?\Z", re.ASCII | re.IGNORECASE)
_CPUS = re.compile(r"(?=.*[1-9])[0-9]{1,3}(\.[0-9]+)?\Z", re.ASCII)
_TMPFS = re.compile(r"/[\w./-]+:(?:[\w=,]+,)?size=[1-9][0-9]*[kmg](?:,[\w=,]+)?\Z", re.ASCII)
_MOUNT = re.compile(r"([a-z][a-z0-9_-]*):(/[\w./-]*)(:ro|:rw)?\Z", re.ASCII)


def check(ledger: Ledger, path: str, service: dict[Any, Any], document: Mapping[str, Any]) -> None:
    """Put every fault of the service at `path` into the ledger."""
    ledger.keys(f"{path}.", service, SERVICE)
    for key in REQUIRED:
        ledger.hold(f"{path}.{key}", key in service, "is missing")
    for key, (rule, must) in _RULES.items():
        if key in service:
            ledger.hold(f"{path}.{key}", rule(service[key]), must)
    if "environment" in service:
        environment = ledger.mapping(f"{path}.environment", service["environment"])
        for name, value in environment.items():
            ledger.hold(f"{path}.environment.{name}", isinstance(value, str), "must be a text")  # null: the host's own
    known = {"networks": "networks", "secrets": "secrets"}
    for key, top in known.items():
        for one in ledger.texts(f"{path}.{key}", service.get(key, [])):
            ledger.hold(f"{path}.{key}", one in declared(document, top), f"{one!r} is not declared under {top}")
    for one in ledger.texts(f"{path}.volumes", service.get("volumes", [])):
        mount = _MOUNT.match(one)
        fine = bool(mount and mount[1] in declared(document, "volumes"))
        ledger.hold(f"{path}.volumes", fine, f"{one!r} must be 'name:/path', the name declared under volumes")


def declared(document: Mapping[str, Any], top: str) -> Mapping[Any, Any]:
    """What the document declares under `networks`, `secrets` or `volumes`; nothing, when it is no mapping."""
    found = document.get(top)
    return found if isinstance(found, Mapping) else {}


def _healthcheck(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("test"), list):
        return False
    return found["test"][:1] in (["CMD"], ["CMD-SHELL"]) and len(found["test"]) > 1


def _logging(found: Any) -> bool:
    if not isinstance(found, dict) or found.get("driver") != "json-file" or set(found) != {"driver", "options"}:
        return False
    options = found["options"]
    if not isinstance(options, dict) or set(options) != {"max-size", "max-file"}:
        return False
    return bool(_SIZE.match(str(options["max-size"]))) and str(options["max-file"]) in "12345"


def _kind(found: Any) -> bool:
    if not isinstance(found, dict) or found.get("kind") not in KINDS or set(found) - {"kind", "run"}:
        return False
    return (found["kind"] != "program") or bool(_MODULE.match(str(found.get("run", ""))))


def _whole(found: Any, low: int, high: int) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and low <= found <= high


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "image": (lambda v: isinstance(v, str) and bool(v) and not v.startswith("-"), "must name an image"),
    "x-innkeeper": (_kind, f"must be {{kind: {' | '.join(KINDS)}, run: MODULE}}"),
    "mem_limit": (lambda v: isinstance(v, str) and bool(_SIZE.match(v)), "must be a size, as '128m'"),
    "shm_size": (lambda v: isinstance(v, str) and bool(_SIZE.match(v)), "must be a size, as '64m'"),
    "cpus": (lambda v: isinstance(v, str) and bool(_CPUS.match(v)), "must be a number in quotes, as '0.5'"),
    "pids_limit": (lambda v: _whole(v, 1, 4096), "must be a number from 1 to 4096"),
    "logging": (_logging, "must be json-file with options max-size and max-file (1 to 5) alone"),
    "cap_drop": (lambda v: v == ["ALL"], "must be [ALL]"),
    "cap_add": (
        lambda v: isinstance(v, list) and all(isinstance(one, str) and one in CAPABILITIES for one in v),
        f"may have {', '.join(sorted(CAPABILITIES))} alone",
    ),
    "security_opt": (lambda v: v == ["no-new-privileges:true"], "must be ['no-new-privileges:true']"),
    "read_only": (lambda v: v is True, "must be true"),
    "init": (lambda v: v is True, "must be true"),
    "healthcheck": (_healthcheck, "must have a test, as [CMD, program, argument]"),
    "restart": (lambda v: v == "unless-stopped", "must be unless-stopped"),
    "user": (lambda v: isinstance(v, str) and bool(re.match(r"[1-9]\d*(:[1-9]\d*)?\Z", v)), "must be a uid above 0"),
    "tmpfs": (
        lambda v: isinstance(v, list) and all(isinstance(one, str) and _TMPFS.match(one) for one in v),
        "must be a list of '/path:size=16m' with further options",
    ),
}
