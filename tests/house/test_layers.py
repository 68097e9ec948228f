"""Imports point down only: the contracts of import-linter in pyproject.toml are kept."""

import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT


def test_all_contracts_are_kept(tmp_path: Path) -> None:
    """lint-imports finds no import that goes up, or past the contract between gate and deployer."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout
