"""Taking the platform down from another process, whether its supervisor still lives or not."""

import asyncio
import os
import signal
import time

import psutil

from innkeeper.platform.errors import InnError
from innkeeper.platform.opening import take_lock
from innkeeper.platform.shut_down import shut_down
from innkeeper.platform.state import Platform
from stack_deployer.engines.processes import Processes
from stack_deployer.engines.record import identity
from stack_deployer.errors import DeployerError, Held

_WITHIN = 30.0  # seconds that the supervisor gets to end everything
_LOOK = 0.05


async def take_down(platform: Platform) -> bool:
    """End every process of the platform and its stacks; False when nothing ran. Raises InnError when one stays."""
    had_supervisor = await _end_supervisor(platform)
    processes = Processes(platform.layout.run)
    try:
        await take_lock(processes)
        anything = had_supervisor or bool(processes.running())
        await shut_down(platform, processes)
    except Held as held:
        raise InnError(f"{platform.layout.root}: another command (pid {held.pid}) is bringing it up or down") from None
    except DeployerError as error:
        raise InnError(str(error)) from error
    finally:
        processes.unlock()
    return anything


async def _end_supervisor(platform: Platform) -> bool:
    supervisor = platform.record.supervisor
    if supervisor is None or not platform.supervised:
        return False
    for number, within in ((signal.SIGTERM, _WITHIN), (signal.SIGKILL, 5.0)):
        os.kill(supervisor.pid, number)
        until = time.monotonic() + within
        while time.monotonic() < until and not (number == signal.SIGTERM and _frozen(supervisor.pid)):
            if identity(supervisor.pid) != supervisor.started:
                return True
            await asyncio.sleep(_LOOK)
    raise InnError(f"the supervisor (pid {supervisor.pid}) does not end")


def _frozen(pid: int) -> bool:
    """Whether it was stopped by a signal, and so hears no other but SIGKILL."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
