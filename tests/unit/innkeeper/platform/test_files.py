"""Files are written whole or not at all."""

import os
from pathlib import Path

import pytest

from innkeeper.platform import files


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """An error on the way keeps the old content and leaves no draft behind."""
    path = tmp_path / "file"
    files.write(path, b"old")

    with pytest.raises(TypeError):
        files.write(path, "no bytes")  # type: ignore[arg-type]
    path_in_the_way = tmp_path / "directory"
    (path_in_the_way / "x").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.write(path_in_the_way, b"new")

    assert b"old" == path.read_bytes()
    assert not (tmp_path / ".directory.new").exists()


def test_an_open_umask_opens_nothing(tmp_path: Path) -> None:
    """The mode is the one asked for, whatever the umask."""
    before = os.umask(0)
    try:
        files.write(tmp_path / "file", b"secret")
    finally:
        os.umask(before)

    assert 0o600 == (tmp_path / "file").stat().st_mode & 0o777


def test_what_is_equal_is_not_written(tmp_path: Path) -> None:
    """Equal content leaves the very file in place: its reader is not woken."""
    path = tmp_path / "file"
    files.write_changed(path, b"same")
    before = path.stat().st_ino

    files.write_changed(path, b"same")

    assert before == path.stat().st_ino
    files.write_changed(path, b"other")
    assert b"other" == path.read_bytes()
