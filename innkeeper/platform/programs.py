"""The platform's processes: what to run for each, with which files and variables."""

import hashlib
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import innkeeper
from innkeeper.platform import files, traefik
from innkeeper.platform.errors import InnError
from innkeeper.platform.settings import UpSettings
from innkeeper.platform.state import Platform
from stack_deployer.engines.processes import Program

NAMES = ("redis", "traefik", "gate", "portal", "worker")  # in the order in which people are told of them
TEMPLATES = Path(innkeeper.__file__).parents[1] / "templates"


def port_of(platform: Platform, name: str) -> int | None:
    """Where the process listens; None for the worker, which does not."""
    return platform.record.port if name == "traefik" else platform.record.ports.get(name)


def write_configuration(platform: Platform) -> None:
    """Write what Redis and Traefik read at their start; raises OSError, and Refused for an odd directory name."""
    layout, record = platform.layout, platform.record
    files.write_changed(layout.redis_conf, _redis_conf(record.ports["redis"], layout.redis_password.read_text()))
    static = traefik.static(port=record.port, api_port=record.ports["traefik_api"], dynamic=layout.dynamic)
    gate = traefik.dynamic(platform.site, gate_port=record.ports["gate"], portal_port=record.ports["portal"])
    note = "Written by `innkeeper up` at each start."
    files.write_changed(layout.traefik_yml, traefik.dump(static, note=note))
    files.write_changed(layout.dynamic / "gate.yml", traefik.dump(gate, note=note))


def programs(platform: Platform, settings: UpSettings) -> dict[str, Program]:
    """Every process by name; raises InnError for a program that is not installed."""
    layout, record = platform.layout, platform.record
    python = (sys.executable, "-P", "-m")  # -P: nothing is imported from the directory it runs in
    redis = (binary("redis-server"), layout.redis_conf.name)
    front = (binary("traefik"), f"--configFile={layout.traefik_yml}")
    # Both read their configuration at their start alone: its hash makes one that runs with an older file restart.
    traefik_env = {"SSL_CERT_DIR": f"/etc/ssl/certs:{layout.trust}", "CONFIGURATION": _hash([layout.traefik_yml])}
    shared = _shared(platform)
    gate = {
        "INNKEEPER_SERVER_HOST": "127.0.0.1", "INNKEEPER_SERVER_PORT": str(record.ports["gate"]),
        "INNKEEPER_TRUSTED_PEERS": "127.0.0.1", "INNKEEPER_GATE_CERTIFICATE": str(layout.gate_certificate),
        "INNKEEPER_GATE_CERTIFICATE_KEY": str(layout.gate_key),
        "CONFIGURATION": _hash([layout.gate_certificate]),
    }  # fmt: skip
    portal = {
        "INNKEEPER_PORTAL_HOST": "127.0.0.1", "INNKEEPER_PORTAL_PORT": str(record.ports["portal"]),
        "INNKEEPER_TRUSTED_PEERS": "127.0.0.1", "INNKEEPER_DATABASE_URL": layout.database_url,
        "INNKEEPER_TEMPLATES_DIR": str(TEMPLATES),
    }  # fmt: skip
    worker = {
        "INNKEEPER_DATABASE_URL": layout.database_url, "INNKEEPER_STACKS_DIR": str(layout.stacks),
        "INNKEEPER_TEMPLATES_DIR": str(TEMPLATES), "INNKEEPER_TRAEFIK_DYNAMIC_DIR": str(layout.dynamic),
        "INNKEEPER_TRAEFIK_API": f"http://127.0.0.1:{record.ports['traefik_api']}",
    }  # fmt: skip
    argv_env = {
        "redis": (redis, {"CONFIGURATION": _hash([layout.redis_conf])}),
        "traefik": (front, traefik_env),
        "gate": ((*python, "auth_manager", "gate"), shared | settings.environment_of("gate") | gate),
        "portal": ((*python, "auth_manager", "portal"), shared | settings.environment_of("portal") | portal),
        "worker": ((*python, "stack_deployer", "worker"), shared | settings.environment_of("worker") | worker),
    }
    return {
        name: Program(name, argv, env, layout.redis if name == "redis" else layout.root, layout.logs / f"{name}.log")
        for name, (argv, env) in argv_env.items()
    }


def _shared(platform: Platform) -> dict[str, str]:
    record = platform.record
    return {
        "INNKEEPER_DOMAIN": record.domain, "INNKEEPER_PUBLIC_SCHEME": record.scheme,
        "INNKEEPER_PUBLIC_PORT": str(record.port), "INNKEEPER_KEYS_DIR": str(platform.layout.keys),
        "INNKEEPER_REDIS_HOST": "127.0.0.1", "INNKEEPER_REDIS_PORT": str(record.ports["redis"]),
        "INNKEEPER_REDIS_PASSWORD_FILE": str(platform.layout.redis_password),
    }  # fmt: skip


def _redis_conf(port: int, password: str) -> bytes:
    # Who learns the password may read and write keys, but not make Redis write files, load code or follow another.
    user = f"user default on #{hashlib.sha256(password.encode()).hexdigest()} ~* &* +@all -@admin -@dangerous +info"
    lines = (
        "# Written by `innkeeper up` at each start.", "bind 127.0.0.1", f"port {port}", "dir ./",
        user, "appendonly yes", "appendfsync everysec", 'save ""', "daemonize no",
        "maxmemory-policy noeviction",  # an evicted key would be a session or a route that is there no more
    )  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def binary(name: str) -> str:
    """The path of a program of ours, beside Python or on PATH; raises InnError when it is nowhere."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise InnError(f"{name}: not installed; looked for {beside} and on PATH. Run `scripts/up` to install it")
    return found


def _hash(paths: Iterable[Path]) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:16]
