"""What an operator must act on: said in one line, with an exit code, without a traceback.

InnError             1  something failed; the text says what, to what, and what to do
├── Refused          2  what can never be: names, options, settings
├── NotFound         3  no such stack, user or service
├── Clash            4  it exists already, or another has the name
└── NotRunning       5  the platform is not running

An error outside of this tree is a bug and keeps its traceback.
"""

import errno
from pathlib import Path

from innkeeper.platform.called import command


class InnError(Exception):
    """Root of the tree; `exit_code` is the command's."""

    exit_code = 1


class Refused(InnError):
    """What was asked for can never be."""

    exit_code = 2


class NotFound(InnError):
    """What was asked for does not exist."""

    exit_code = 3


class Clash(InnError):
    """What was asked for stands against what exists."""

    exit_code = 4


class NotRunning(InnError):
    """The platform of this state directory does not run."""

    exit_code = 5

    def __init__(self, root: Path) -> None:
        super().__init__(f"no platform is running in {root}: start it with `{command('up', '--state', root)}`")


_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space there, then run the command again",
    errno.EDQUOT: "the disk quota is used up: free some space there, then run the command again",
    errno.EROFS: "the file system is read-only: choose another directory with --state",
    errno.EACCES: "this user may not: check its owner and mode, or choose another directory with --state",
    errno.EPERM: "this user may not: check its owner and mode, or choose another directory with --state",
}


def from_os(error: OSError, where: Path) -> InnError:
    """The error of the operating system in an operator's words; `where` is named when the error names no file."""
    path = error.filename if isinstance(error.filename, (str, Path)) else where
    advice = _ADVICE.get(error.errno or 0, (error.strerror or str(error)).lower())
    return InnError(f"{path}: {advice}")
