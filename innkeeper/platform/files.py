"""Files written whole or not at all, so that a kill or a full disk never leaves half of one."""

import os
from pathlib import Path


def write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put the file in place whole, on disk before it has its name; raises OSError with the old one kept."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def write_changed(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write only what differs: a rewritten file would make its reader load it again."""
    try:
        if path.read_bytes() == content:
            return
    except FileNotFoundError:
        pass
    write(path, content, mode=mode)
