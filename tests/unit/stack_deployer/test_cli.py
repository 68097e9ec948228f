"""Facts about the commands that need stacks alone."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stack_deployer.cli import app
from tests.unit.stack_deployer.inn import HELLO, ROOT

run = CliRunner().invoke


def test_sound_template_is_fine() -> None:
    """`template check` of the shipped template exits 0."""
    result = run(app, ["template", "check", str(HELLO)])

    assert (0, f"{HELLO}: fine\n") == (result.exit_code, result.stdout)


def test_faults_are_told_path_first(tmp_path: Path) -> None:
    """Each fault is a line on standard error, its full path first, in plain words; exit 1, no traceback."""
    path = tmp_path / "stack.yml"
    path.write_text("name: x\ntitle: 5\nroutes: []\ncolour: red\n")
    result = run(app, ["template", "check", str(tmp_path)])

    assert 1 == result.exit_code
    assert [
        f"{path}: title: must be text",
        f"{path}: colour: is not known here; remove it, or mend its spelling",
    ] == result.stderr.splitlines()
    assert "" == result.stdout


@pytest.mark.parametrize("words", [["template", "check"], ["render"]])
def test_a_directory_that_is_not_there_is_not_found(tmp_path: Path, words: list[str]) -> None:
    """A template that does not exist is named, with exit code 3."""
    result = run(app, [*words, str(tmp_path / "nope")])

    assert (3, True) == (result.exit_code, "nope: there is no such directory" in result.stderr)


def test_render_prints_the_golden_file() -> None:
    """`render` prints what the worker would write."""
    result = run(app, ["render", str(HELLO)])

    assert (ROOT / "tests/golden/hello/user1-tenant1-compose.yml").read_text() == result.stdout


@pytest.mark.parametrize("arguments", [["--user", "User1"], ["--tenant", "auth"], ["--domain", "nodots"]])
def test_names_that_can_never_be(arguments: list[str]) -> None:
    """Bad names exit 2 and are said."""
    result = run(app, ["render", str(HELLO), *arguments])

    assert 2 == result.exit_code
    assert arguments[1] in result.stderr


def test_worker_names_all_missing_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings the worker does not start, and names them all at once."""
    for name in ("INNKEEPER_DOMAIN", "INNKEEPER_KEYS_DIR", "INNKEEPER_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    result = run(app, ["worker"])

    assert 1 == result.exit_code
    assert {"INNKEEPER_DOMAIN: Field required", "INNKEEPER_KEYS_DIR: Field required"} <= set(result.stderr.splitlines())
