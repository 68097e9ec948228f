"""The platform's keys: made once, each for one purpose, never made again over one that is there."""

import json
import secrets
import uuid
from pathlib import Path

from auth_manager.sessions import assertion
from innkeeper.platform import files
from innkeeper.platform.errors import InnError

PURPOSES = ("session", "ticket", "grant", "route", "csrf")
_BYTES = 32


def make_keys(directory: Path) -> None:
    """Make what is missing, 0600; raises InnError for a file that is not a key, OSError when it cannot be written."""
    for purpose in PURPOSES:
        _once(directory / f"{purpose}.key", secrets.token_bytes(_BYTES))
        _check_length(directory / f"{purpose}.key")
    _once(directory / "redis.password", secrets.token_hex(_BYTES).encode())
    _once(directory / "installation", str(uuid.uuid4()).encode())
    pem = directory / "assertion.pem"
    if not pem.exists():
        files.write(pem, assertion.make_key())
    try:
        public = assertion.jwks(pem.read_bytes())
    except ValueError as error:
        raise InnError(
            f"{pem}: {error}; put the right file back from a backup, or remove it to have one made"
        ) from None
    files.write_changed(directory / "assertion.jwks.json", json.dumps(public, indent=2).encode())


def _once(path: Path, content: bytes) -> None:
    if not path.exists():
        files.write(path, content)


def _check_length(path: Path) -> None:
    size = path.stat().st_size
    if size != _BYTES:
        why = f"has {size} bytes instead of {_BYTES}"
        raise InnError(f"{path}: {why}; put it back from a backup, or remove it and everybody signs in again")
