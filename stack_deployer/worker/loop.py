"""The worker's loop: looks at what is wanted each second, or when rung, and walks each stack there."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from stack_deployer import directory
from stack_deployer.contract import bus, wanted
from stack_deployer.contract.wanted import Wanted
from stack_deployer.engines.engine import Observed
from stack_deployer.errors import DeployerError, DirectoryCorrupt
from stack_deployer.plan import Step
from stack_deployer.reconcile.reconciler import ATTEMPTS, Reconciler

EVERY = 1.0  # seconds between looks; a lost bell costs no more
AT_ONCE = 4  # deploys that run concurrently
TOO_MANY = 3  # stacks nobody wants, past which it is SQL that is doubted

_logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Road:
    """A stack being brought somewhere: the goal, and the task that does it."""

    goal: str
    task: asyncio.Task[None]


@dataclass(slots=True)
class Worker:
    """Runs until cancelled; Redis or SQL that is down is waited for."""

    reconciler: Reconciler
    redis: Redis
    sql: AsyncEngine
    _roads: dict[str, _Road] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _untold: bool = True  # the gate may have been told something old
    _keys: bytes = b""
    _troubles: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled; raises Held when another worker owns the engine."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.reconciler.grounds.engine.watch())
            group.create_task(self._listen())
            group.create_task(self._look_for_ever())

    async def _look_for_ever(self) -> None:
        try:
            while True:
                self._rung.clear()
                try:
                    await self.look()
                    self._say("worker", "")
                except (SQLAlchemyError, OSError, DeployerError) as error:
                    self._say("worker", _brief(error))
                try:
                    await asyncio.wait_for(self._rung.wait(), EVERY)
                except TimeoutError:
                    continue
        finally:
            tasks = [road.task for road in self._roads.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """One look at everything: publish what the gate lacks, begin each road that is due.

        Raises SQLAlchemyError, OSError; Redis that is down keeps no stack from being looked at.
        """
        observed = await self.reconciler.grounds.engine.observe()  # before SQL: what runs was wanted by then
        async with self.sql.connect() as conn:
            stacks = await wanted.live(conn)
            empty = (await conn.execute(select(wanted.user_apps.c.id).limit(1))).first() is None
        await self._tell_gate()
        if not await self._strays(observed, {stack.id for stack in stacks}, empty):
            return
        self._spread_keys(stacks)
        for stack in stacks:
            self._consider(stack, observed.get(stack.id))

    async def _tell_gate(self) -> None:
        try:
            if self._untold or not await self.reconciler.grounds.routes.loaded():
                self._untold = True
                await self.reconciler.publish_all()
                self._untold = False
            self._say("redis", "")
        except RedisError as error:
            self._say("redis", _brief(error))

    def _consider(self, stack: Wanted, observed: Observed | None) -> None:
        road = self._roads.get(stack.id)
        if road is not None:
            if road.goal != stack.wanted:
                road.task.cancel()  # as good as a kill: the next look begins from what is recorded
            return
        if stack.attempts >= ATTEMPTS or stack.try_after > time.time():
            return
        task = asyncio.create_task(self._walk(stack, observed), name=f"{stack.wanted} {stack.name}")
        self._roads[stack.id] = _Road(stack.wanted, task)
        task.add_done_callback(lambda done: self._arrived(stack.id, done))

    def _arrived(self, stack_id: str, task: asyncio.Task[None]) -> None:
        self._roads.pop(stack_id, None)
        if task.cancelled():
            self._rung.set()  # its goal has changed: look at once for where it is to go now

    async def _walk(self, stack: Wanted, observed: Observed | None) -> None:
        try:
            steps = self.reconciler.plan(stack, observed)
            if not steps and stack.wanted == "running" and not self.reconciler.keeps(stack.id):
                steps = await self._adopt(stack)
            if not steps:
                await self.reconciler.settle(stack)
            elif stack.wanted != "running":
                await self.reconciler.bring(stack, steps)
            else:
                async with self._slots:
                    await self.reconciler.bring(stack, steps)
            self._say(stack.name, "")
        except DirectoryCorrupt as error:
            await self.reconciler.refuse(stack, error)
        except RedisError as error:
            self._untold = True
            self._say("redis", _brief(error))
        except (SQLAlchemyError, OSError, KeyError, DeployerError) as error:
            self._say(stack.name, _brief(error))

    async def _adopt(self, stack: Wanted) -> list[Step]:
        """Nothing, when the stack runs on in our charge; else the steps that bring it back."""
        try:
            await self.reconciler.adopt(stack)
        except DeployerError as error:
            _logger.warning("cannot be adopted as it is", stack=stack.name, error=str(error))
            return self.reconciler.plan(stack, None)
        _logger.info("adopted", stack=stack.name)
        return []

    async def _strays(self, observed: Mapping[str, Observed], live: set[str], empty: bool) -> bool:
        """Stop what runs and is not wanted; False when so much of it runs that SQL itself is doubted.

        Nothing is deleted: only a recorded removal deletes.
        """
        strays = [one for one in observed if one not in live and one not in self._roads]
        alive = [one for one in strays if any(state != "exited" for state in observed[one].services.values())]
        if len(alive) > TOO_MANY or (alive and empty):
            self._say("strays", f"nobody wants {alive}; they run, and nothing is changed until it is clear why")
            return False
        self._say("strays", "")
        for stack_id in alive:
            _logger.error("quarantined: it runs and nobody wants it", stack=stack_id)
            self.reconciler.grounds.overrides.drop(stack_id)
            await self.reconciler.grounds.engine.stop(stack_id)
        return True

    def _spread_keys(self, stacks: Sequence[Wanted]) -> None:
        """The public keys into each stack's directory, when they have changed."""
        keys = self.reconciler.grounds.jwks.read_bytes()
        if keys == self._keys:
            return
        there = set(directory.recorded(self.reconciler.grounds.stacks_dir))
        for stack in stacks:
            if stack.id in there:
                self.reconciler.grounds.directory(stack).write_keys(keys)
        self._keys = keys

    async def _listen(self) -> None:
        """Set `_rung` at each bell; without Redis there is none, and the look each second is enough."""
        while True:
            try:
                async with self.redis.pubsub() as bell:
                    await bell.subscribe(bus.BELL)
                    while True:
                        if await bell.get_message(ignore_subscribe_messages=True, timeout=EVERY):
                            self._rung.set()
            except (RedisError, OSError):
                self._untold = True  # a Redis that restarts may come back with a second less than it knew
                await asyncio.sleep(EVERY)

    def _say(self, source: str, trouble: str) -> None:
        """Log a trouble when it begins and when it is over, not each second."""
        before = self._troubles.get(source, "")
        if trouble and trouble != before:
            _logger.error("trouble", source=source, trouble=trouble)
            self._troubles[source] = trouble
        elif before and not trouble:
            _logger.info("trouble is over", source=source)
            del self._troubles[source]


def _brief(error: Exception) -> str:
    """The kind of error and its first line; SQL's further lines hold parameters."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
