"""Hints that can be pasted, however the command was called."""

import sys
from pathlib import Path

import pytest

from innkeeper.platform.called import command


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `innkeeper` in a directory that PATH does not name."""
    program = tmp_path / "bin" / "innkeeper"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return program


@pytest.mark.parametrize("called", ["bin/innkeeper", "{directory}/bin/innkeeper", "bin/deploy-user-stack"])
@pytest.mark.usefixtures("program")
def test_a_hint_calls_the_program_as_it_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    """Off PATH the way to it is told, short where it is below the current directory."""
    monkeypatch.setattr(sys, "argv", [called.format(directory=tmp_path)])

    assert "bin/innkeeper up --state 'my inn'" == command("up", "--state", Path("my inn"))


def test_on_path_the_name_is_enough(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PATH leads to the very program, nobody need type more than its name."""
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", str(program.parent))

    assert "innkeeper down" == command("down")


@pytest.mark.usefixtures("program")
def test_called_in_another_way_it_has_its_plain_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a module or within another program there is no better name to tell."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/else/main.py"])

    assert "innkeeper down" == command("down")
