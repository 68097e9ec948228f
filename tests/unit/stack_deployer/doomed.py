"""A worker that dies: `python -m tests.unit.stack_deployer.doomed STACK STEP PHASE` kills itself there, by SIGKILL."""

import asyncio
import os
import signal
import sys

from stack_deployer.contract import environment
from stack_deployer.plan import StepName
from stack_deployer.reconcile.reconciler import Phase
from stack_deployer.settings import WorkerSettings
from stack_deployer.worker.serve import wired


async def work(stack: str, step: str, phase: str) -> None:
    """Work until that point."""

    def die(stack_id: str, name: StepName, at: Phase) -> None:
        if (stack_id, name, at) == (stack, step, phase):
            os.kill(os.getpid(), signal.SIGKILL)

    async with wired(environment.read(WorkerSettings), die) as worker:
        await worker.run()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
