"""The process group of a started process: whatever it started itself ends with it."""

import os
import signal
from contextlib import suppress

import psutil

from stack_deployer.engines.record import BOOT, Record


def members(record: Record) -> list[int]:
    """The living processes of the record's group; none when that number was given to somebody else."""
    try:
        os.killpg(record.pid, 0)
    except (ProcessLookupError, PermissionError):
        return []
    if not record.alive and (psutil.pid_exists(record.pid) and not _is_zombie(record.pid)):
        return []  # a foreign process has our number, so our group was empty before
    if BOOT is not None and not record.identity.startswith(BOOT):
        return []  # our group ended with the boot it belonged to
    return [pid for pid in psutil.pids() if _belongs(pid, record)]


def _belongs(pid: int, record: Record) -> bool:
    try:
        return os.getpgid(pid) == record.pid == os.getsid(pid) and not _is_zombie(pid)
    except OSError:
        return False


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def send(record: Record, number: signal.Signals) -> bool:
    """Signal all living members at once; whether there were any."""
    if not members(record):
        return False
    with suppress(ProcessLookupError):
        os.killpg(record.pid, number)
    return True


def reap(record: Record) -> None:
    """Take the exit status when the process is a dead child of ours, so that no zombie stays."""
    with suppress(ChildProcessError):
        os.waitpid(record.pid, os.WNOHANG)
