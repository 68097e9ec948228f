"""Facts about log files."""

import os
import stat
from pathlib import Path

import pytest

from stack_deployer.engines import log


def test_tail(tmp_path: Path) -> None:
    """The last lines come in order; a file that is not there has none."""
    file = tmp_path / "one.log"
    file.write_text("".join(f"line {number}\n" for number in range(100)))

    assert ["line 98", "line 99"] == log.tail(file, 2)
    assert [] == log.tail(file, 0)
    assert [] == log.tail(tmp_path / "none.log", 2)


def test_tail_of_a_long_line(tmp_path: Path) -> None:
    """A line without end, or bytes that are no text, neither fail nor fill the memory."""
    file = tmp_path / "one.log"
    file.write_bytes(b"\xff" * 1_000_000)

    assert 1 == len(log.tail(file, 5))
    assert 256 * 1024 == len(log.tail(file, 5)[0])


def test_rotation_under_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log past its size moves its end aside, and its writer goes on in the emptied file."""
    monkeypatch.setattr(log, "MAX_BYTES", 100)
    file = tmp_path / "one.log"
    descriptor = log.open_for_append(file)
    os.write(descriptor, b"a" * 50 + b"b" * 100)
    log.rotate(file)
    os.write(descriptor, b"after")
    os.close(descriptor)
    log.rotate(file)

    assert "after" == file.read_text()
    assert "b" * 100 == (tmp_path / "one.log.1").read_text()
    assert {0o600} == {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    """A log that is a link is not written through, opened or rotated."""
    (tmp_path / "target").write_bytes(b"x" * 20)
    (tmp_path / "one.log").symlink_to(tmp_path / "target")

    with pytest.raises(OSError, match="symbolic links"):
        log.open_for_append(tmp_path / "one.log")
    log.rotate(tmp_path / "one.log")
    assert b"x" * 20 == (tmp_path / "target").read_bytes()


def test_rotating_nothing_is_well(tmp_path: Path) -> None:
    """A log that is not there yet is left so."""
    log.rotate(tmp_path / "none.log")

    assert [] == list(tmp_path.iterdir())
