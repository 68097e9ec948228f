"""Supervisors that die: `python -m tests.engines.supervisor DIR STEP` kills one with SIGKILL at every STEPth line.

Each starts a program, replaces it and stops it, in a directory of its own, and dies at its n-th executed
line of the engines' room; n grows until one comes to the end. Prints how many there were.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from stack_deployer.engines.processes import Processes, Program

_ROOM = f"{os.sep}stack_deployer{os.sep}engines{os.sep}"
_PER_PROCESS = {"_belongs", "<listcomp>"}  # run once a process of this machine: they would drown the rest


def program(directory: Path, colour: str) -> Program:
    """A program that does nothing for a long time; DIRECTORY tells whose it is."""
    env = {"DIRECTORY": str(directory), "COLOUR": colour}
    return Program("one", ("/bin/sleep", "600"), env, directory, directory / "one.log")


async def live(directory: Path) -> None:
    """The life that is cut short."""
    processes = Processes(directory / "run")
    await processes.start(program(directory, "red"))
    await processes.start(program(directory, "blue"))
    await processes.stop("one", grace=2)


def die_at(line: int) -> None:
    """Kill this process when it comes to its n-th line of the engines' room."""
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if _ROOM not in frame.f_code.co_filename or frame.f_code.co_name in _PER_PROCESS:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def main(root: Path, step: int) -> None:
    """Let supervisors die until one does not."""
    for count in range(1, 1000):
        directory = root / str(count)
        directory.mkdir()
        pid = os.fork()
        if pid == 0:
            die_at(1 + (count - 1) * step)
            asyncio.run(live(directory))
            os._exit(0)
        if os.waitpid(pid, 0)[1] == 0:
            print(count)
            return
    sys.exit("every supervisor died")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
