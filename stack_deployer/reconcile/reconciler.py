"""The reconciler: walks one stack along its plan, the record written before each step and after it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import Wanted
from stack_deployer.engines.engine import Observed
from stack_deployer.errors import (
    DeployerError,
    DirectoryCorrupt,
    EngineRefused,
    PolicyRefused,
    StepFailed,
    TemplateRefused,
)
from stack_deployer.plan import Record, Step, StepName, plan
from stack_deployer.publish import routes
from stack_deployer.reconcile import steps as acts
from stack_deployer.reconcile.grounds import Grounds
from stack_deployer.reconcile.progress import Progress

ATTEMPTS = 5
Phase = Literal["begin", "acted", "done"]
OnStep = Callable[[str, StepName, Phase], None]

_FINAL = (TemplateRefused, PolicyRefused, EngineRefused, DirectoryCorrupt)  # trying again changes nothing
_SETTLED = {"running": "running", "stopped": "stopped", "removed": "removed"}  # goal -> the status it ends in

_logger = structlog.get_logger(__name__)


def _pass(stack_id: str, step: StepName, phase: Phase) -> None:
    """Nobody else wants to know."""


@dataclass(slots=True)
class Reconciler:
    """One at a time for a stack, as many stacks at once as the caller likes.

    `on_step` is told of each step: recorded (`begin`), made but not recorded (`acted`), recorded (`done`).
    """

    grounds: Grounds
    sql: AsyncEngine
    on_step: OnStep = _pass
    clock: Callable[[], float] = time.time
    _publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: set[str] = field(default_factory=set)  # stacks this process keeps running

    def plan(self, stack: Wanted, observed: Observed | None) -> list[Step]:
        """The steps still missing; of a running stack that this process did not start, none. Raises DirectoryCorrupt.

        A directory that cannot be trusted does not keep its stack from being stopped or removed.
        """
        return plan(stack, self._record(stack), observed)

    def keeps(self, stack_id: str) -> bool:
        """Whether this process has started or adopted the stack."""
        return stack_id in self._kept

    async def bring(self, stack: Wanted, steps: Sequence[Step]) -> None:
        """Take the steps; a failure is put down in SQL, with when to try again.

        Raises SQLAlchemyError, and RedisError: then the gate may not know what SQL says by now.
        """
        status = {"running": "deploying", "removed": "removing"}.get(stack.wanted, stack.status)
        stack = replace(stack, status=status, reason="")
        progress = Progress(self.sql, stack, steps[0].name, self.grounds.engine.name)
        try:
            await self._walk(stack, steps, progress)
            await self._end(stack, progress)
        except RedisError as error:
            _logger.warning("redis does not answer", stack=stack.name, error=type(error).__name__)
            await progress.give_way(status, "Waiting for Redis", stack.attempts, self.clock() + 1)
            raise
        except SQLAlchemyError:
            raise
        except (DeployerError, OSError) as error:
            _logger.warning("step failed", stack=stack.name, error=str(error))
            idle = isinstance(error, StepFailed) and error.step in ("start", "health")
            await self._fail(stack, progress, _reason(error), final=isinstance(error, _FINAL), stop=idle)
        except Exception as error:  # a bug must not end the worker, and keeps its traceback
            _logger.exception("step failed by a fault of our own", stack=stack.name)
            await self._fail(stack, progress, f"internal error: {type(error).__name__}", final=False)

    async def refuse(self, stack: Wanted, error: DirectoryCorrupt) -> None:
        """Give a stack up whose directory cannot be trusted; what runs of it is left running."""
        progress = Progress(self.sql, stack, "", self.grounds.engine.name)
        await self._fail(stack, progress, _reason(error), final=True)

    async def adopt(self, stack: Wanted) -> None:
        """Take charge of a stack that runs; raises DeployerError when it cannot be kept running."""
        deployment = self.grounds.deployment(stack)
        await self.grounds.engine.start(deployment)
        await self.grounds.engine.healthy(deployment)
        self._kept.add(stack.id)

    async def settle(self, stack: Wanted) -> None:
        """Of a stack with nothing to do: say so where it is not said, and keep Traefik's file true.

        Raises RedisError, SQLAlchemyError, OSError, DirectoryCorrupt.
        """
        if stack.status != _SETTLED[stack.wanted]:
            async with self.sql.begin() as conn:
                await wanted.report(conn, stack.id, status=_SETTLED[stack.wanted], attempts=0, try_after=0.0)
            await self.publish(stack.id)
        if stack.wanted == "running":
            exposure = self.grounds.exposure(stack)
            self.grounds.overrides.write(stack.id, stack.hosts, self.grounds.urls(stack, exposure))

    async def publish(self, stack_id: str) -> None:
        """Tell the gate of one stack what SQL says of it; raises RedisError, SQLAlchemyError."""
        async with self._publishing:
            async with self.sql.connect() as conn:
                stack = await wanted.find(conn, stack_id)
            if stack is None:
                return
            if stack.status == "removed":
                await self.grounds.routes.drop(stack.id, stack.hosts)
            else:
                await self.grounds.routes.write(routes.of(stack, self.grounds.exposure(stack)))

    async def publish_all(self) -> None:
        """Tell the gate of all stacks, the marker last; raises RedisError, SQLAlchemyError."""
        async with self._publishing:  # SQL read and Redis written in one piece: nothing older overwrites newer
            async with self.sql.connect() as conn:
                stacks = await wanted.live(conn)
            every = [route for stack in stacks for route in routes.of(stack, self.grounds.exposure(stack))]
            await self.grounds.routes.make_again(every)

    async def _walk(self, stack: Wanted, steps: Sequence[Step], progress: Progress) -> None:
        record = self._record(stack) or acts.new_record(stack)
        for step in steps:
            record = record.begin(step.name)
            self._note(stack, record)
            words = acts.WORDS[step.name]
            await progress.say(step.name, "running", words, status=stack.status)
            if step is steps[0]:
                await self.publish(stack.id)
            self.on_step(stack.id, step.name, "begin")
            if step.name in ("stop", "delete"):
                self._kept.discard(stack.id)
            record = await acts.ACTS[step.name](self.grounds, stack, record)
            if step.name == "start":
                self._kept.add(stack.id)
            self.on_step(stack.id, step.name, "acted")
            record = record.finish(step.name)
            self._note(stack, record)
            await progress.say(step.name, "done", words, status=stack.status)
            self.on_step(stack.id, step.name, "done")

    async def _end(self, stack: Wanted, progress: Progress) -> None:
        await progress.end(_SETTLED[stack.wanted])
        await self.publish(stack.id)
        _logger.info("stack settled", stack=stack.name, state=_SETTLED[stack.wanted])

    async def _fail(self, stack: Wanted, progress: Progress, reason: str, *, final: bool, stop: bool = False) -> None:
        attempts = ATTEMPTS if final else stack.attempts + 1
        if attempts < ATTEMPTS:
            await progress.give_way(stack.status, reason, attempts, self.clock() + 2 ** (attempts - 1))
            return
        if stop and stack.wanted == "running":
            try:
                await self.grounds.engine.stop(stack.id)  # else it would start and end for ever
                self._kept.discard(stack.id)
            except DeployerError as error:
                _logger.warning("a failed stack does not stop", stack=stack.name, error=str(error))
        await progress.give_way("failed", reason, attempts, 0.0)
        await self.publish(stack.id)

    def _record(self, stack: Wanted) -> Record | None:
        try:
            return self.grounds.directory(stack).record()
        except DirectoryCorrupt:
            if stack.wanted == "running":
                raise
            return acts.new_record(stack)

    def _note(self, stack: Wanted, record: Record) -> None:
        """Write the record; without a directory there is nothing done that a record could tell of."""
        directory = self.grounds.directory(stack)
        if directory.root.is_dir():
            directory.write_record(record)


def _reason(error: DeployerError | OSError) -> str:
    """The failure for people, with the service's last words."""
    if isinstance(error, StepFailed):
        return "\n".join((error.reason, *error.log_lines))
    return str(error)
