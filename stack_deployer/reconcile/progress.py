"""Progress: what SQL, and so people, are told while a stack is brought to where it should be."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import Wanted

Said = Literal["running", "done", "failed"]


class Progress:
    """The steps of one road, reported at each change. Raises SQLAlchemyError when SQL does not answer."""

    def __init__(self, sql: AsyncEngine, stack: Wanted, first: str, machine_id: str) -> None:
        """`first`: the step the road begins with; steps done before it on an interrupted road are kept."""
        self._sql = sql
        self._stack = stack
        self._machine_id = machine_id
        self._since = time.monotonic()
        names = [step.get("step") for step in stack.steps]
        cut = names.index(first) if first in names else 0
        self._steps: list[dict[str, Any]] = [dict(step) for step in stack.steps[:cut]]

    async def say(self, step: str, said: Said, message: str, *, status: str, reason: str = "") -> None:
        """Put the step's state down: `running` begins it and starts its clock."""
        if said == "running":
            self._since = time.monotonic()
            self._steps.append({})
        seconds = round(time.monotonic() - self._since, 3)
        self._steps[-1] = {"step": step, "state": said, "seconds": seconds, "message": message}
        await self._report(status, reason)

    async def end(self, status: str) -> None:
        """The road is at its end: the tries begin anew with the next."""
        await self._report(status, "", attempts=0, try_after=0.0)

    async def give_way(self, status: str, reason: str, attempts: int, try_after: float) -> None:
        """A step failed: `attempts` so far, and the Unix time of the next."""
        if self._steps and self._steps[-1]["state"] == "running":
            seconds = round(time.monotonic() - self._since, 3)
            self._steps[-1] |= {"state": "failed", "seconds": seconds, "message": reason}
        await self._report(status, reason, attempts, try_after)

    async def _report(
        self, status: str, reason: str, attempts: int | None = None, try_after: float | None = None
    ) -> None:
        steps: Sequence[dict[str, Any]] = self._steps
        async with self._sql.begin() as conn:
            await wanted.report(
                conn, self._stack.id, status=status, reason=reason, steps=steps, machine_id=self._machine_id,
                attempts=attempts, try_after=try_after,
            )  # fmt: skip
