"""A run leaves out no test in silence, and no process behind."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.house.sources import ROOT

LEAVES = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(left.pid)
sys.exit(int(sys.argv[1]))
"""


def run_tests(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_one.py").write_text(text)
    words = ["-m", "pytest", "-p", "tests.skips", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    command = [sys.executable, *words, "--rootdir", str(folder), str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\ndef test_it(): pytest.skip('odd')\n",
        "import pytest\npytest.skip('odd', allow_module_level=True)\ndef test_it(): pass\n",
        "import pytest\n@pytest.mark.skipif(True, reason='odd')\ndef test_it(): pass\n",
        "import pytest\n@pytest.mark.xfail(reason='odd')\ndef test_it(): assert False\n",
    ],
    ids=["in a test", "a module", "by condition", "expected to fail"],
)
def test_an_unlisted_skip_fails_the_run(tmp_path: Path, text: str) -> None:
    """Whatever way a test is left out, the reason is told, and if it is not on the list the run fails."""
    ran = run_tests(tmp_path, text + "def test_other(): pass\n" if "module_level" not in text else text)

    assert 0 != ran.returncode
    assert "odd – NOT on tests/allowed-skips.txt" in ran.stdout


def test_a_listed_reason_is_told_and_passes(tmp_path: Path) -> None:
    """A skip for a reason on the list is counted, said, and no failure; the runner's closing line comes last."""
    text = "import pytest\ndef test_it(): pytest.skip('chromium is not installed')\ndef test_other(): pass\n"

    ran = run_tests(tmp_path, text)

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "left out: 1 tests" in ran.stdout
    assert "1 × chromium is not installed" in ran.stdout
    assert "1 passed, 1 skipped" in ran.stdout.splitlines()[-1]


def test_what_the_caller_deselects_is_told(tmp_path: Path) -> None:
    """`-k` leaves tests out, and the run says how many."""
    ran = run_tests(tmp_path, "def test_it(): pass\ndef test_other(): pass\n", "-k", "other")

    assert 0 == ran.returncode
    assert "1 × deselected" in ran.stdout


@pytest.mark.parametrize(("code", "expected"), [(0, 1), (3, 3)])
def test_no_process_is_left_behind(code: int, expected: int) -> None:
    """A process that a command detached is ended and named; that alone makes a failure of a success."""
    command = [sys.executable, "-m", "tests.leftovers", sys.executable, "-c", LEAVES, str(code)]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert expected == ran.returncode
    assert "left running, now ended" in ran.stderr
    assert not psutil.pid_exists(int(ran.stdout))


def test_a_clean_command_passes_untouched() -> None:
    """Output and exit code are the command's own when it leaves nothing."""
    command = [sys.executable, "-m", "tests.leftovers", sys.executable, "-c", "print('done')"]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))

    assert (0, "done\n", "") == (ran.returncode, ran.stdout, ran.stderr)
