"""`python -m tests.leftovers COMMAND…`: run a command, then end every process that it left behind.

Processes that leave their parent (a detached platform does) become children of this one, so that none is missed and
nothing else on the machine is touched. Exit code: the command's; 1 when it was 0 and something was left.
"""

import ctypes
import signal
import subprocess
import sys
import time
from types import FrameType

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2), Linux: orphans among the descendants come to this process
_GRACE = 5.0  # seconds in which what is ending anyway may end


def run(command: list[str]) -> int:
    """Run it, its output untouched; TERM and interrupt are handed on. Linux alone knows who was orphaned."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)

    def hand_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hand_on)
    code = process.wait()
    left = end_all()
    for line in left:
        print(f"left running, now ended: {line}", file=sys.stderr)
    if code < 0:
        return 128 - code
    return code or int(bool(left))


def end_all() -> list[str]:
    """Kill what is left of this process's descendants after a grace; a line for each that had to be."""
    give_up = time.monotonic() + _GRACE
    while alive() and time.monotonic() < give_up:
        time.sleep(0.1)
    lines: dict[int, str] = {}
    while found := alive():  # until none: a killed supervisor's children come up next
        for process in found:
            try:
                lines.setdefault(process.pid, f"{process.pid} {' '.join(process.cmdline())[:200]}")
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=1)
    return list(lines.values())


def alive() -> list[psutil.Process]:
    """All descendants that still run; those that ended are reaped."""
    found = psutil.Process().children(recursive=True)
    _, still = psutil.wait_procs(found, timeout=0)
    return [process for process in still if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
