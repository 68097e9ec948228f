"""The command without a platform: help, exit codes, errors."""

from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy.exc import OperationalError

from auth_manager.errors import Busy, FieldRefused, FieldsRefused
from innkeeper.cli.main import exit_code, main
from innkeeper.platform.errors import Clash, InnError, NotFound, NotRunning, Refused
from stack_deployer.contract.environment import BadSettings
from stack_deployer.contract.names import NameRefused
from stack_deployer.contract.regions import UnknownRegion
from stack_deployer.contract.wanted import NameTaken
from stack_deployer.errors import TemplateRefused


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1, InnError("x")),
        (1, Busy(2)),
        (1, TemplateRefused(["x"])),
        (1, RedisGone()),
        (1, OperationalError("x", None, Exception())),
        (2, Refused("x")),
        (2, NameRefused("user", "X", "is upper case")),
        (2, UnknownRegion("x")),
        (2, BadSettings(["x"])),
        (2, FieldRefused("email", "is none")),
        (2, FieldsRefused({"email": "is none"})),
        (3, NotFound("x")),
        (4, Clash("x")),
        (4, NameTaken("a-b-c", "a-b", "c")),
        (4, FieldRefused("handle", "is taken", taken=True)),
        (4, FieldsRefused({"handle": "is taken"}, taken=frozenset({"handle"}))),
        (5, NotRunning(Path("x"))),
    ],
)
def test_each_kind_of_error_has_its_exit_code(code: int, error: Exception) -> None:
    """A program can tell by the exit code what kind of error it was."""
    assert code == exit_code(error)


@pytest.mark.parametrize(
    "words",
    [
        "status", "down", "deploy a b", "stacks list", "stacks show a", "stacks plan a", "stacks logs a",
        "stacks stop a", "stacks start a", "stacks remove a --yes", "users list", "users add a", "users token a",
        "users disable a",
    ],
)  # fmt: skip
def test_without_a_platform_every_command_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: str
) -> None:
    """Exit code 5, how to start one, and nothing is made."""
    code = main([*words.split(), "--state", str(tmp_path / "state")])

    assert 5 == code
    assert "innkeeper up" in capfd.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_help_names_every_command_and_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    """`--help` is a page to start from."""
    assert 0 == main(["--help"])

    page = capfd.readouterr().out
    for word in ("up", "down", "status", "deploy", "stacks", "users", "regions", "template", "Exit codes"):
        assert word in page


@pytest.mark.parametrize("command", ["up", "deploy", "stacks remove", "users add", "users token"])
def test_every_command_has_help(capfd: pytest.CaptureFixture[str], command: str) -> None:
    """Each command explains its options."""
    assert 0 == main([*command.split(), "--help"])

    assert "--state" in capfd.readouterr().out


def test_all_faults_of_the_settings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A misspelt setting stops the start before anything is made."""
    monkeypatch.setenv("INNKEEPER_SESION_MAX_HOURS", "1")
    monkeypatch.setenv("INNKEEPER_TOKEN_EXPIRY_DAYS", "never")

    assert 2 == main(["up", "--state", str(tmp_path / "state")])

    said = capfd.readouterr().err
    assert "INNKEEPER_SESION_MAX_HOURS" in said
    assert "INNKEEPER_TOKEN_EXPIRY_DAYS" in said
    assert [] == list(tmp_path.iterdir())
