"""Log files of processes: for their owner's eyes alone, and bounded."""

import os
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024  # of the file and of the one before it
_TAIL_BYTES = 256 * 1024


def open_for_append(path: Path) -> int:
    """A descriptor that appends to the file, 0600; raises OSError, for a symbolic link too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # O_NOFOLLOW: what runs in a stack must not make us write elsewhere.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def rotate(path: Path) -> None:
    """Move the last MAX_BYTES aside to `<name>.1` and empty the file, once it is larger than that.

    Its writer has it open for appending and goes on; lines written meanwhile may be lost.
    """
    try:
        size = path.lstat().st_size
        if size <= MAX_BYTES:
            return
        draft = path.with_name(path.name + ".new")
        with (
            open(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as full,
            open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as old,
        ):
            full.seek(size - MAX_BYTES)
            old.write(full.read(MAX_BYTES))
            full.truncate(0)
        draft.replace(path.with_name(path.name + ".1"))
    except FileNotFoundError:
        return


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of the file, at most 256 KB of them; none when there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            found = file.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return found[-lines:] if lines > 0 else []
