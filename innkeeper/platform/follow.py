"""Following a stack to where it is wanted, as the worker brings it there."""

import asyncio
import time
from dataclasses import replace

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine

from innkeeper.platform.called import command
from innkeeper.platform.errors import InnError, NotFound
from innkeeper.platform.state import Connected, Platform
from innkeeper.platform.steps import Step, Tell
from stack_deployer import plan as plans
from stack_deployer.contract import bus, wanted
from stack_deployer.contract.wanted import Goal, Wanted
from stack_deployer.directory import StackDirectory
from stack_deployer.engines.local import LocalEngine

WITHIN = 180.0  # seconds: five tries of the worker, with its pauses, take less
_LOOK = 0.1
_REACHED: dict[Goal, str] = {"running": "running", "stopped": "stopped", "removed": "removed"}


async def find(engine: AsyncEngine, name: str) -> Wanted:
    """The live stack of that name or id; raises NotFound."""
    async with engine.connect() as conn:
        found = await wanted.find_named(conn, name) or await wanted.find(conn, name)
    if found is None or found.status == "removed":
        raise NotFound(f"there is no stack {name!r}; `{command('stacks', 'list')}` shows all")
    return found


async def ask(inn: Connected, stack: Wanted, goal: Goal) -> Wanted:
    """Write down where the stack is to be and wake the worker; the stack as it was, but for its goal."""
    async with inn.engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, goal)
    await ring(inn.redis)
    return replace(stack, wanted=goal)


async def ring(redis: Redis) -> None:
    """Wake the worker; without Redis it looks by itself within a second."""
    try:
        await bus.ring(redis)
    except (RedisError, OSError):
        return


async def steps_left(platform: Platform, stack: Wanted) -> list[plans.Step]:
    """What the worker still has to do; raises DirectoryCorrupt."""
    record = StackDirectory(platform.layout.stacks, stack.id, stack.name).record()
    observed = await LocalEngine(platform.layout.stacks).observe()
    return plans.plan(stack, record, observed.get(stack.id))


async def follow(platform: Platform, inn: Connected, stack: Wanted, tell: Tell, *, within: float = WITHIN) -> Wanted:
    """The stack once it is where it is wanted; steps that it does not yet have are told.

    Raises InnError when it fails, or is not there `within` seconds.
    """
    goal, until, told = stack.wanted, time.monotonic() + within, list(stack.steps)
    while True:
        stack = await _again(inn.engine, stack)
        for step in stack.steps:
            if step not in told:
                told.append(step)
                tell(Step(step["step"], step["state"], step.get("seconds") or 0.0, step.get("message") or ""))
        if stack.wanted != goal:
            raise InnError(f"{stack.name}: somebody else has asked for it to be {stack.wanted}")
        if stack.status == _REACHED[goal] and not await steps_left(platform, stack):
            return stack
        if stack.status == "failed" and stack.attempts:  # with none yet it is as it was before it was asked
            raise InnError(f"{stack.name} failed: {stack.reason}")
        if time.monotonic() > until:
            words = f"; last said: {stack.reason}" if stack.reason else ""
            raise InnError(f"{stack.name} is still {stack.status} after {within:.0f} s{words}")
        await asyncio.sleep(_LOOK)


async def _again(engine: AsyncEngine, stack: Wanted) -> Wanted:
    async with engine.connect() as conn:
        found = await wanted.find(conn, stack.id)
    if found is None:
        raise NotFound(f"the stack {stack.name!r} is gone")
    return found
