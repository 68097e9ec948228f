"""How long a stack takes from the request to its first 200 through Traefik, and where the time goes."""

import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from auth_manager.users import deploy
from innkeeper.bench.load import BenchFailed
from innkeeper.platform import doors
from innkeeper.platform.state import Connected, Platform
from stack_deployer.contract import bus, wanted
from stack_deployer.contract.wanted import Wanted

_WITHIN = 60.0  # seconds


async def _until(inn: Connected, stack_id: str, status: str) -> Wanted:
    until = time.monotonic() + _WITHIN
    while time.monotonic() < until:
        async with inn.engine.connect() as conn:
            found = await wanted.find(conn, stack_id)
        if found is not None and found.status == status:
            return found
        if found is not None and found.status == "failed":
            raise BenchFailed(f"stack {found.name} failed: {found.reason}")
        await asyncio.sleep(0.02)
    raise BenchFailed(f"stack {stack_id} was not {status} within {_WITHIN:.0f} s")


async def _deploy_one(inn: Connected, handle: str) -> tuple[float, Wanted]:
    """Seconds from the request to the first 200 for its user, and the stack."""
    began = time.monotonic()
    stack, _ = await deploy.want_stack(inn.engine, user=handle, tenant=handle, domain=inn.site.domain, actor="bench")
    await bus.ring(inn.redis)
    stack = await _until(inn, stack.id, "running")
    faults = await doors.try_doors(inn, stack, within=_WITHIN)
    if faults:
        raise BenchFailed(f"stack {stack.name}: {faults}")
    return time.monotonic() - began, stack


async def _remove(inn: Connected, stack: Wanted) -> float:
    began = time.monotonic()
    async with inn.engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, "removed")
    await bus.ring(inn.redis)
    await _until(inn, stack.id, "removed")
    return time.monotonic() - began


async def measure(platform: Platform, *, count: int = 7, say: Callable[[str], None]) -> dict[str, Any]:
    """Median seconds of deploys one after another, of removals, and each step's share; raises BenchFailed."""
    seconds, removals, steps = [], [], []
    async with platform.connected() as inn:
        for number in range(count):
            say(f"stack {number + 1} of {count}")
            took, stack = await _deploy_one(inn, f"bench{number}")
            seconds.append(took)
            steps.append({step["step"]: float(step.get("seconds") or 0.0) for step in stack.steps})
            removals.append(await _remove(inn, stack))
    whole = median(seconds)
    each = {name: median(step.get(name, 0.0) for step in steps) for name in steps[0]}
    shares = {name: {"seconds": round(took, 4), "share": round(took / whole, 3)} for name, took in each.items()}
    rest = whole - sum(each.values())
    shares["waiting and first request"] = {"seconds": round(rest, 4), "share": round(rest / whole, 3)}
    return {
        "median_seconds": round(whole, 3),
        "slowest_seconds": round(max(seconds), 3),
        "median_removal_seconds": round(median(removals), 3),
        "count": count,
        "steps": shares,
    }
