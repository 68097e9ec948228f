"""A disk that is full, or fills: said clearly, nothing left running, and all is well once there is room again.

The disk is a small file system in memory, in a mount namespace of the test's own.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.scenarios.conftest import INNKEEPER

pytestmark = pytest.mark.platform

ENOUGH = "48m"


def on_a_disk(where: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with `$disk` mounted, `$up` and `$down` for a platform on it, `$fill` to fill it."""
    disk = where / "disk"
    disk.mkdir()
    (where / "fill").write_text(
        "import os, sys, time\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.001)\n"
        "file = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY)\n"
        "for size in (1 << 16, 1 << 9):\n"
        "    try:\n"
        "        while True: os.write(file, b'x' * size)\n"
        "    except OSError: pass\n"
    )
    variables = {
        "disk": str(disk),
        "up": f"{INNKEEPER} up --detach --state {disk}/state --port {free_port()}",
        "down": f"{INNKEEPER} down --state {disk}/state",
        "fill": f"{Path(INNKEEPER).with_name('python')} {where / 'fill'}",
    }
    mount = f"mount -t tmpfs -o size={size} tmpfs {disk} || exit 77"
    argv = ["unshare", "--mount", "--map-root-user", "sh", "-c", f"{mount}\n{script}"]
    ran = subprocess.run(
        argv,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == 77 or "unshare failed" in ran.stderr:
        pytest.skip("this user may not mount a file system in memory")
    return ran


def test_a_full_disk_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Without room for the first minutes, up says how much is free and how much is needed."""
    ran = on_a_disk(tmp_path, "8m", "$up; code=$?; ls $disk/state/run/*.pid; exit $code")

    assert 1 == ran.returncode
    assert "the disk is full: " in ran.stderr
    assert "MiB are free" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "" == ran.stdout


@pytest.mark.parametrize("at", ["keys/csrf.key", "sql/innkeeper.db"])
def test_a_disk_that_fills_during_the_start(tmp_path: Path, at: str) -> None:
    """The start fails with what is full and ends what it began; with room again the next one is complete."""
    script = f"""
        $fill $disk/state/{at} $disk/filling & $up; echo first $?; wait
        $down; echo down $?; rm $disk/filling
        $up >/dev/null; echo second $?; $down; echo down $?
    """

    ran = on_a_disk(tmp_path, ENOUGH, script)

    assert ["first 1", "down 0", "second 0", "down 0"] == ran.stdout.splitlines(), ran.stderr
    assert "full" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_disk_that_fills_while_all_runs(tmp_path: Path) -> None:
    """On a full disk a deploy is refused with the reason, the platform goes on, and room again is enough."""
    script = f"""
        $up >/dev/null; echo up $?
        $fill $disk $disk/filling
        {INNKEEPER} deploy user1 tenant1 --state $disk/state >/dev/null; echo deploy $?
        {INNKEEPER} status --state $disk/state >/dev/null; echo status $?
        rm $disk/filling
        {INNKEEPER} deploy user1 tenant1 --state $disk/state >/dev/null; echo deploy $?
        $down; echo down $?
    """

    ran = on_a_disk(tmp_path, ENOUGH, script)

    assert ["up 0", "deploy 1", "status 0", "deploy 0", "down 0"] == ran.stdout.splitlines(), ran.stderr
    assert "full" in ran.stderr
    assert "Traceback" not in ran.stderr
