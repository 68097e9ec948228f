"""What a supervisor knows of a process it started, on disk, so that the next supervisor can adopt it.

A pid alone proves nothing: it is reused. With the time of the process's start, and the boot it belongs
to, it names one process for ever.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_STATE, _START = 0, 19  # fields of /proc/<pid>/stat counted from the one after the command's name: proc(5)


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


BOOT = _boot()


def identity(pid: int) -> str | None:
    """A text that no other process ever has; None when there is none alive of that pid (a zombie is dead)."""
    if BOOT is None:
        return _identity_elsewhere(pid)
    try:
        # The name in parentheses may hold anything, parentheses too: count from the last one.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    # Ticks since boot, not psutil's wall-clock time: that one moves when the clock is set.
    return None if fields[_STATE] in "ZX" else f"{BOOT}:{fields[_START]}"


def _identity_elsewhere(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


@dataclass(frozen=True, slots=True)
class Record:
    """One started process: its pid (its group's and session's too), what makes the pid ours, and what it runs.

    `program`: digest of argv, environment and directory; `started`: Unix seconds, for people.
    """

    name: str
    pid: int
    identity: str
    program: str
    started: float

    @property
    def alive(self) -> bool:
        return identity(self.pid) == self.identity

    def write(self, run_dir: Path) -> None:
        """Put it on disk whole, 0600; raises OSError with nothing changed."""
        target = path(run_dir, self.name)
        draft = target.with_suffix(".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        draft.replace(target)


def path(run_dir: Path, name: str) -> Path:
    return run_dir / f"{name}.pid"


def read(run_dir: Path, name: str) -> Record | None:
    """The record of that name, its process alive or not; None when there is none or it is not legible.

    Not legible means not ours: it is written whole before its process may run.
    """
    try:
        record = Record(**json.loads(path(run_dir, name).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.name == name and record.pid > 1 else None


def read_all(run_dir: Path) -> dict[str, Record]:
    """Every legible record by name."""
    names = (file.name.removesuffix(".pid") for file in sorted(run_dir.glob("*.pid")))
    found = (read(run_dir, name) for name in names)
    return {record.name: record for record in found if record is not None}
