"""The public keys that assertions are checked with: a file beside the app, read again when it changes.

The platform puts it there (docs/architecture.md): an app on an isolated network can fetch nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt


class KeysUnreadable(Exception):
    """The file of keys is missing or not a JWK set: the app can let nobody in, and the fault is not the visitor's."""


class Keys:
    """The keys of a JWK set file (RFC 7517) by their kid, Ed25519 alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, jwt.PyJWK] = {}

    def __call__(self) -> Mapping[str, jwt.PyJWK]:
        """The keys as the file has them now; raises KeysUnreadable, rather than go on with keys withdrawn."""
        try:
            found = self._file.stat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._keys = read(self._file.read_bytes())
                self._seen = seen
        except (OSError, ValueError) as error:
            raise KeysUnreadable(f"{self._file}: {error}") from error
        return self._keys


def read(content: bytes) -> dict[str, jwt.PyJWK]:
    """The Ed25519 keys of a JWK set, others left out; raises ValueError when it is none."""
    document = json.loads(content)
    listed: Any = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a JWK set")
    keys = {}
    for entry in listed:
        if isinstance(entry, dict) and isinstance(entry.get("kid"), str) and entry.get("crv") == "Ed25519":
            try:
                keys[entry["kid"]] = jwt.PyJWK(entry, algorithm="EdDSA")
            except jwt.PyJWTError as error:
                raise ValueError(f"key {entry['kid']!r}: {error}") from None
    return keys
