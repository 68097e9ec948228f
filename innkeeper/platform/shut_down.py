"""Ending every process of a platform and of its stacks, in the order in which they need each other."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from innkeeper.platform.layout import Layout
from innkeeper.platform.state import Platform
from stack_deployer.engines.local import LocalEngine
from stack_deployer.engines.processes import Processes
from stack_deployer.errors import DeployerError


async def shut_down(platform: Platform, processes: Processes) -> None:
    """End them all, the lock held by the caller; raises DeployerError for one that does not end, after all others."""
    faults = await _each(processes.stop("traefik"), processes.stop("worker"))  # nobody comes in, or starts a stack
    faults += await _each(_stop_stacks(platform.layout))
    faults += await _each(processes.stop("gate"), processes.stop("portal"))
    faults += await _each(processes.stop("redis"))  # last: the others end their business with it
    if faults:
        raise faults[0]
    with suppress(OSError):  # a full disk: the next start sees by itself that nobody is there
        platform.write(supervisor=None, ready=False, processes=[])


async def _stop_stacks(layout: Layout) -> None:
    engine = LocalEngine(layout.stacks)
    try:
        faults = await _each(*(engine.stop(stack_id) for stack_id in await engine.observe()))
    finally:
        engine.close()
    if faults:
        raise faults[0]


async def _each(*works: Awaitable[None]) -> list[DeployerError]:
    """Do all at once; what could not be done, once all others are. Anything but DeployerError is a bug, and raised."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, DeployerError):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, DeployerError)]
