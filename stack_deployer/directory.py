"""A stack's directory: its record, secrets, public keys and rendered files. The one truth of what is deployed.

`<stacks_dir>/<id>/` 0700 {record.json, secrets/, data/, logs/, keys.json}; beside it `<name>-compose.yml`
and `<name>.env` (0600), where plain `docker compose -f` finds them.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from stack_deployer.errors import DirectoryCorrupt, TemplateRefused
from stack_deployer.plan import Record
from stack_deployer.template import blueprint

_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_SECRET = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_GONE = ".gone-"  # a directory on its way out: renamed first, so that half of one is never taken for a stack
_NEW = ".new-"  # a file on its way in


@dataclass(frozen=True, slots=True)
class StackDirectory:
    """The directory of the stack `id`, called `name`; nothing is made before `make`."""

    stacks_dir: Path
    id: str
    name: str

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(f"{self.id!r} is no stack's id")

    @property
    def root(self) -> Path:
        return self.stacks_dir / self.id

    @property
    def compose(self) -> Path:
        return self.stacks_dir / f"{self.name}-compose.yml"

    @property
    def env(self) -> Path:
        return self.stacks_dir / f"{self.name}.env"

    def make(self) -> None:
        """Make the directories, the stack's own readable by nobody else; raises OSError."""
        self.stacks_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.root, self.root / "secrets", self.root / "data", self.root / "logs"):
            path.mkdir(mode=0o700, exist_ok=True)
            path.chmod(0o700)
            for left in path.glob(f"{_NEW}*"):
                left.unlink(missing_ok=True)

    def services(self) -> dict[str, Any]:
        """The services of the Compose file that was rendered last; raises DirectoryCorrupt."""
        try:
            seen = self.compose.stat()
            return _services(self.compose, seen.st_ino, seen.st_mtime_ns)
        except OSError as error:
            raise DirectoryCorrupt(self.compose, f"cannot be read: {error.strerror}") from None
        except TemplateRefused as error:
            raise DirectoryCorrupt(self.compose, f"is no Compose file: {error}") from None

    def record(self) -> Record | None:
        """What is recorded, None when nothing is; raises DirectoryCorrupt.

        A rendering whose Compose file is gone or illegible does not count as done: it can be made again.
        """
        path = self.root / "record.json"
        try:
            found = Record.from_value(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DirectoryCorrupt(path, f"is not a stack's record ({type(error).__name__})") from None
        if found.id != self.id or found.name != self.name:
            raise DirectoryCorrupt(path, f"is the record of stack {found.id}, called {found.name}")
        if "render" in found.done_steps:
            try:
                self.services()
            except DirectoryCorrupt:
                return found.begin("render")
        return found

    def write_record(self, record: Record) -> None:
        """Replace the record; it is on disk when this returns. Raises OSError."""
        write(self.root / "record.json", json.dumps(record.to_value(), indent=1).encode() + b"\n")

    def make_secrets(self, names: Iterable[str]) -> None:
        """Make the secrets that are missing, 32 random bytes each; one that is there is never written again.

        Raises DirectoryCorrupt for an empty one: it cannot be ours, and data may hang on the true one.
        """
        for name in names:
            if not _SECRET.match(name):
                raise ValueError(f"{name!r} cannot name a secret")
            path = self.root / "secrets" / name
            if path.exists():
                if path.stat().st_size == 0:
                    raise DirectoryCorrupt(path, "is empty; restore it, or remove the stack")
                continue
            new = _new(path, secrets.token_urlsafe(32).encode(), 0o600)
            os.link(new, path)  # unlike a rename it cannot replace a secret made meanwhile
            new.unlink()
            _sync(path.parent)

    def secrets(self) -> dict[str, str]:
        """Name -> secret, for the files that need them; raises OSError."""
        folder = self.root / "secrets"
        return {path.name: path.read_text() for path in sorted(folder.iterdir()) if _SECRET.match(path.name)}

    def write_keys(self, jwks: bytes) -> None:
        """The public keys by which the stack's apps check assertions; written only when they differ."""
        path = self.root / "keys.json"
        if not path.exists() or path.read_bytes() != jwks:
            write(path, jwks, 0o644)

    def write_compose(self, text: str) -> None:
        """The rendered Compose file; it holds no secret."""
        write(self.compose, text.encode())

    def write_env(self, values: Mapping[str, str]) -> None:
        """`NAME=value` lines, for people and for programs; values are slugs and our own random letters."""
        write(self.env, "".join(f"{name}={value}\n" for name, value in values.items()).encode())

    def delete(self) -> None:
        """Delete all of it; what a killed delete left goes too. Raises OSError."""
        self.compose.unlink(missing_ok=True)
        self.env.unlink(missing_ok=True)
        gone = self.stacks_dir / f"{_GONE}{self.id}"
        if gone.exists():
            shutil.rmtree(gone)
        if self.root.exists():
            self.root.rename(gone)
            shutil.rmtree(gone)


def recorded(stacks_dir: Path) -> list[str]:
    """The ids of all directories there are, wanted or not."""
    if not stacks_dir.is_dir():
        return []
    return sorted(path.name for path in stacks_dir.iterdir() if _ID.match(path.name))


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file: at any moment the old or the new one is there, whole. Raises OSError."""
    new = _new(path, data, mode)
    try:
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _new(path: Path, data: bytes, mode: int) -> Path:
    new = path.with_name(f"{_NEW}{path.name}-{secrets.token_hex(4)}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        new.unlink(missing_ok=True)
        raise
    return new


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@lru_cache(maxsize=1024)  # the worker looks at every stack each second
def _services(path: Path, inode: int, changed: int) -> dict[str, Any]:
    document = blueprint.parse(path.read_text(), path.name)
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise DirectoryCorrupt(path, "is no Compose file")
    found: dict[str, Any] = document["services"]
    return found
