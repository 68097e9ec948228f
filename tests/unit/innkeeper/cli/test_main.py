"""The command without a platform: help, exit codes, errors."""

from importlib.metadata import version
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


@pytest.mark.parametrize(("command", "default"), [("up", "inn.localhost"), ("up", "8080"), ("users token", "365")])
def test_defaults_are_shown(capfd: pytest.CaptureFixture[str], command: str, default: str) -> None:
    """What an option is when it is left out stands in the help."""
    assert 0 == main([*command.split(), "--help"])

    assert f"[default: ({default})]" in capfd.readouterr().out


def test_the_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """`--version` is one line with the version that is installed."""
    assert 0 == main(["--version"])

    assert f"innkeeper {version('innkeeper')}\n" == capfd.readouterr().out


@pytest.mark.parametrize("detach", [[], ["--detach"]])
@pytest.mark.parametrize("domain", ["localhost", "BAD.example", "inn.lоcalhost"])
def test_a_domain_that_can_never_be_is_said_before_anything_is_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], detach: list[str], domain: str
) -> None:
    """In front and in the background alike: one line, exit code 2, no directory."""
    assert 2 == main(["up", *detach, "--domain", domain, "--state", str(tmp_path / "state")])

    said = capfd.readouterr().err
    assert said.startswith(f"error: domain '{domain}' must")
    assert 1 == said.count("\n")
    assert [] == list(tmp_path.iterdir())


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
