"""The scripts a newcomer runs: strict, complete, and installing nothing that was not looked at."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.sources import ROOT, texts

SCRIPTS = [name for name, text in texts().items() if text.startswith("#!/usr/bin/env bash")]
LOCK = (ROOT / "scripts" / "requirements.lock").read_text()


def test_the_scripts_there_must_be_are_there() -> None:
    """What README and design name can be run."""
    names = ("up", "test", "check", "bench", "deploy-user-stack.sh", "test-integration.sh")

    assert [] == [name for name in (*(f"scripts/{name}" for name in names), ".ci/run") if name not in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_strict_and_can_be_run(script: str) -> None:
    """Each stops at the first fault, is executable, and is good syntax."""
    assert "\nset -euo pipefail\n" in texts()[script]
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_the_test_script_runs_every_test_directory() -> None:
    """No directory of tests is missing from its order."""
    ordered = re.search(r"^order=\((.*)\)$", texts()["scripts/test"], re.MULTILINE)
    directories = {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/__init__.py")}

    assert ordered is not None
    assert directories == set(ordered[1].split())


def test_the_lock_pins_everything_by_hash_and_names_no_address() -> None:
    """Each requirement has one version and hashes; where to download from is the machine's own setting."""
    entries = [entry for entry in re.split(r"\n(?=\S)", LOCK) if not entry.startswith("#")]

    assert len(entries) > 50
    assert [] == [entry for entry in entries if not re.match(r"[\w.\[\]-]+==\S+", entry)]
    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links|@ ", LOCK)


def test_the_environment_asks_for_hashes() -> None:
    """scripts/environment.sh installs by hash, and the project itself without fetching anything."""
    installs = [
        line for line in texts()["scripts/environment.sh"].splitlines() if "pip[@]" in line and "install" in line
    ]

    assert 2 == len(installs)
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[1]
    assert "--no-build-isolation" in installs[1]


def test_without_a_new_enough_python_it_is_said(tmp_path: Path) -> None:
    """An old Python alone is a sentence that names what is needed, not a traceback."""
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    ran = subprocess.run([ROOT / "scripts" / "check"], env=environ, capture_output=True, text=True, check=False)

    assert 0 != ran.returncode
    assert "Python 3.11 or newer is needed" in ran.stderr
