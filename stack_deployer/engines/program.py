"""A program to run, and how it comes to run: never before its record is on disk."""

import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack_deployer.engines import log
from stack_deployer.engines.record import Record, identity
from stack_deployer.errors import NotStarted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z", re.ASCII)
_ALWAYS = {
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
}
# The shell waits for leave, then becomes the program. When the supervisor dies first, the pipe ends and
# nothing was ever run; so no process is without a record, whenever the supervisor is killed.
_WAIT = 'IFS= read -r go || exit 125; cd -- "$1" || exit 126; shift; unset PWD OLDPWD SHLVL; exec "$@" </dev/null'
_DEFAULTS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `env` is the whole environment but for PATH and LANG, added when absent.

    `argv` is public, every user of the machine can read it: secrets go into files, or into `env` at worst.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    log: Path

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} cannot name a process: it becomes a file's name")

    @property
    def environment(self) -> dict[str, str]:
        return _ALWAYS | dict(self.env)

    @property
    def digest(self) -> str:
        """Alike exactly when the same thing would run the same way; tells nothing of secrets."""
        plain = [self.argv, sorted(self.environment.items()), str(self.cwd)]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def launch(program: Program, run_dir: Path) -> Record:
    """Start it in a session and group of its own, recorded first; raises NotStarted, nothing left running."""
    if shutil.which(program.argv[0], path=program.environment["PATH"]) is None:
        raise NotStarted(program.name, f"{program.argv[0]} is not there or cannot be run")
    if not program.cwd.is_dir():
        raise NotStarted(program.name, f"its directory {program.cwd} is not there")
    try:
        pid, leave = _fork(program)
    except OSError as error:
        raise NotStarted(program.name, str(error)) from error
    try:
        started = identity(pid)
        if started is None:
            raise NotStarted(program.name, "it was killed at once")
        record = Record(program.name, pid, started, program.digest, time.time())
        record.write(run_dir)
        os.write(leave, b"go\n")
    except OSError as error:
        raise NotStarted(program.name, str(error)) from error
    finally:
        os.close(leave)
    return record


def _fork(program: Program) -> tuple[int, int]:
    output = log.open_for_append(program.log)
    try:
        waiting, leave = os.pipe()
        try:
            pid = os.posix_spawn(
                "/bin/sh",
                ("/bin/sh", "-c", _WAIT, "sh", str(program.cwd.absolute()), *program.argv),
                program.environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, waiting, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                ],
                setsid=True,  # Ctrl-C at a terminal reaches the supervisor alone
                setsigmask=(),
                setsigdef=_DEFAULTS,
            )
        except OSError:
            os.close(leave)
            raise
        finally:
            os.close(waiting)
    finally:
        os.close(output)
    return pid, leave
