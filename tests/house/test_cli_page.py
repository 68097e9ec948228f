"""docs/cli.md is the help of the commands, and nothing else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = ("innkeeper/cli/main.py", "utils", "docs", "--name", "innkeeper", "--title", "Commands")


def test_the_page_of_commands_is_their_help() -> None:
    """What docs/cli.md says of a command is what the command says of itself; the failure tells how to renew it."""
    typer = str(Path(sys.executable).with_name("typer"))
    env = {"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "100", "LANG": "C.UTF-8"}
    told = subprocess.run([typer, *WORDS], cwd=ROOT, capture_output=True, text=True, check=True, env=env).stdout

    renew = f"run: .venv/bin/typer {' '.join(WORDS)} --output docs/cli.md"
    assert told.strip() == (ROOT / "docs" / "cli.md").read_text().strip(), renew
