"""The supervisor in the background: started by `up --detach`, which listens to it until all is ready."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from innkeeper.platform import settings, steps, supervise
from innkeeper.platform.errors import InnError, Refused, from_os
from innkeeper.platform.layout import Layout
from innkeeper.platform.opening import Opening
from innkeeper.platform.state import Platform, absolute, claim
from innkeeper.platform.supervise import AlreadyRuns
from stack_deployer.contract.names import NameRefused
from stack_deployer.engines import log

_LOG = "supervisor.log"


def start(opening: Opening) -> "subprocess.Popen[str]":
    """The supervisor, in a session of its own; what it tells comes on its standard output. Raises InnError."""
    layout = claim(opening.root)
    argv = [sys.executable, "-P", "-m", "innkeeper.platform.daemon", json.dumps(_plain(opening, layout.root))]
    try:
        output = log.open_for_append(layout.logs / _LOG)
    except OSError as error:
        raise from_os(error, layout.logs) from None
    try:
        return subprocess.Popen(  # in this environment: it holds the operator's settings
            argv, cwd=layout.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True,
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(output)


def listen(process: "subprocess.Popen[str]", opening: Opening) -> Iterator[steps.Step]:
    """Its steps as it takes them, to the end when the platform is ready; raises AlreadyRuns or InnError."""
    assert process.stdout is not None  # noqa: S101  it was started with a pipe
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        if "step" in told:
            yield steps.Step(**told["step"])
        elif "already" in told:
            raise AlreadyRuns(Path(told["already"]), told["pid"])
        elif "error" in told:
            process.wait()  # it tells before it ends; afterwards nothing of it is left
            error = InnError(told["error"])
            error.exit_code = told["exit_code"]
            raise error
        else:
            return
    log_file = Layout(absolute(opening.root)).logs / _LOG
    raise InnError(f"the supervisor ended with {process.wait()} before the platform was ready; see {log_file}")


def _plain(opening: Opening, root: Path) -> dict[str, Any]:
    return asdict(opening) | {"root": str(root)}


def _tell(**what: Any) -> None:
    with suppress(BrokenPipeError, ValueError):  # whoever started us is gone; the platform comes up all the same
        print(json.dumps(what), flush=True)


async def _ready(platform: Platform) -> None:
    _tell(ready=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # closes the pipe: the one who listens may go


def run(argv: list[str]) -> int:
    """Be the supervisor until a signal ends it."""
    asked = json.loads(argv[0])
    opening = Opening(Path(asked["root"]), asked["domain"], asked["port"])
    try:
        asyncio.run(supervise.supervise(opening, settings.read(), lambda s: _tell(step=asdict(s)), _ready))
    except AlreadyRuns as already:
        _tell(already=str(already.root), pid=already.pid)
    except InnError as error:
        _tell(error=str(error), exit_code=error.exit_code)
        return error.exit_code
    except NameRefused as error:
        _tell(error=str(error), exit_code=Refused.exit_code)
        return Refused.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
