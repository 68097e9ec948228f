"""Facts about tries: how often, how far apart, and what people are told meanwhile."""

from dataclasses import replace

import pytest

from stack_deployer.errors import DirectoryCorrupt
from stack_deployer.plan import Step, StepName
from stack_deployer.reconcile.reconciler import ATTEMPTS, Phase
from stack_deployer.worker.serve import wired
from tests.unit.stack_deployer.inn import Inn

NOW = 1000.0


async def test_pauses_double_and_end(inn: Inn) -> None:
    """After 1, 2, 4 and 8 seconds it is tried again, deploying meanwhile; the fifth failure is final."""
    stack = await inn.want()
    (inn.root / "keys" / "assertion.jwks.json").unlink()
    said = []
    async with wired(inn.settings) as worker:
        worker.reconciler.clock = lambda: NOW
        for _ in range(ATTEMPTS):
            row = await inn.row(stack.id)
            await worker.reconciler.bring(row, worker.reconciler.plan(row, None))
            row = await inn.row(stack.id)
            said.append((row.status, row.attempts, row.try_after - NOW if row.try_after else None))

    assert [
        ("deploying", 1, 1), ("deploying", 2, 2), ("deploying", 3, 4), ("deploying", 4, 8), ("failed", 5, None),
    ] == said  # fmt: skip
    assert "assertion.jwks.json" in row.reason
    assert [("directory", "failed")] == [(step["step"], step["state"]) for step in row.steps]


async def test_steps_done_before_a_failure_are_kept(inn: Inn) -> None:
    """The second try goes on where the first one failed, and the page still shows what was done."""
    (inn.root / "dynamic").rmdir()  # so that the route cannot be written
    stack = await inn.want()
    async with wired(inn.settings) as worker:
        await worker.reconciler.bring(stack, worker.reconciler.plan(stack, None))
        row = await inn.row(stack.id)
        assert [*["done"] * 5, "failed"] == [step["state"] for step in row.steps]

        (inn.root / "dynamic").mkdir()
        observed = await worker.reconciler.grounds.engine.observe()
        steps = worker.reconciler.plan(row, observed[stack.id])
        assert ["route"] == [step.name for step in steps]
        await worker.reconciler.bring(row, steps)
        row = await inn.row(stack.id)

    assert ["done"] * 6 == [step["state"] for step in row.steps]
    assert ("running", 0) == (row.status, row.attempts)


async def test_each_step_is_recorded_before_it_is_made(inn: Inn) -> None:
    """At `begin` and `acted` the record does not claim the step, at `done` it does."""
    stack = await inn.want()
    seen: list[tuple[StepName, Phase, bool]] = []

    def look(stack_id: str, step: StepName, phase: Phase) -> None:
        record = inn.directory(stack).record()
        seen.append((step, phase, record is not None and step in record.done_steps))

    async with wired(inn.settings, look) as worker:
        await worker.reconciler.bring(stack, worker.reconciler.plan(stack, None))

    assert {"begin": False, "acted": False, "done": True} == {phase: claimed for _, phase, claimed in seen}
    assert 18 == len(seen)


async def test_our_own_fault_is_one_of_the_stack_alone(inn: Inn) -> None:
    """A bug in a step is said as such and tried again; it ends no worker, and shows nobody its text."""

    def stumble(stack_id: str, step: StepName, phase: Phase) -> None:
        raise LookupError("planted")

    stack = await inn.want()
    async with wired(inn.settings, stumble) as worker:
        await worker.reconciler.bring(stack, worker.reconciler.plan(stack, None))
    row = await inn.row(stack.id)

    assert ("deploying", 1, "internal error: LookupError") == (row.status, row.attempts, row.reason)


async def test_corrupt_directory_stops_no_removal(inn: Inn) -> None:
    """Wanted to run, a corrupt record is an error; wanted gone, it is no obstacle."""
    stack = await inn.want()
    inn.directory(stack).make()
    (inn.directory(stack).root / "record.json").write_text("{")
    async with wired(inn.settings) as worker:
        with pytest.raises(DirectoryCorrupt):
            worker.reconciler.plan(stack, None)
        steps = worker.reconciler.plan(replace(stack, wanted="removed"), None)

    assert [Step(name, "its removal is recorded") for name in ("withdraw", "stop", "delete")] == steps
