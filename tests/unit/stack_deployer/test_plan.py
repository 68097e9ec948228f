"""Facts about the pure plan: what is missing, in order, and nothing else."""

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack_deployer.contract.wanted import Goal
from stack_deployer.engines.engine import Observed
from stack_deployer.plan import DEPLOY, REMOVE, STOP, Exposure, Record, StepName, plan

RECORD = Record(
    id="0" * 32, name="user1-tenant1", user_id="u", user="user1", tenant="tenant1", region="iad", template="hello",
    hosts=("a.example.com", "b.example.com"),
    exposure=Exposure(("dashboard",), ("/public",), (), {"Remote-User": "user"}),
)  # fmt: skip
RUNS = Observed({"dashboard": "running"})
ENDED = Observed({"dashboard": "exited"})


@dataclass(frozen=True)
class Row:
    """What the plan asks of a row of user_apps."""

    wanted: Goal = "running"
    status: str = field(default="requested")


def names(row: Row, record: Record | None, observed: Observed | None) -> tuple[StepName, ...]:
    """The steps' names alone."""
    return tuple(step.name for step in plan(row, record, observed))


def done(*steps: StepName) -> Record:
    """A record in which these steps are done."""
    return replace(RECORD, done_steps=steps)


def test_new_stack_needs_every_step() -> None:
    """Of a stack that nothing is recorded of, all six steps are missing."""
    assert DEPLOY == names(Row(), None, None)


def test_deployed_and_running_needs_nothing() -> None:
    """Nothing to do is an empty plan."""
    assert () == names(Row(), done(*DEPLOY), RUNS)


@pytest.mark.parametrize("count", range(len(DEPLOY)))
def test_interrupted_deploy_goes_on(count: int) -> None:
    """A deploy goes on with the first step that is not recorded."""
    observed = RUNS if count > DEPLOY.index("start") else None

    assert DEPLOY[count:] == names(Row(), done(*DEPLOY[:count]), observed)


@pytest.mark.parametrize("observed", [None, ENDED, Observed({"a": "running", "b": "restarting"})])
def test_what_does_not_run_is_started(observed: Observed | None) -> None:
    """Recorded as deployed, but not running: started, waited for, routed again; not made anew."""
    assert ("start", "health", "route") == names(Row(), done(*DEPLOY), observed)


def test_stop_withdraws_before_it_stops() -> None:
    """The route goes before the process: nobody is led to a server that is gone."""
    assert STOP == names(Row("stopped"), done(*DEPLOY), RUNS)


def test_stopped_stays_stopped() -> None:
    """A stack that is stopped needs nothing; one that never was deployed does not either."""
    assert () == names(Row("stopped"), done("directory", "secrets", *STOP), ENDED)
    assert () == names(Row("stopped"), None, None)


def test_interrupted_stop_goes_on() -> None:
    """Withdrawn but not stopped: the stop is missing. Running although recorded as stopped: all of it again."""
    assert ("stop",) == names(Row("stopped"), done("withdraw"), None)
    assert STOP == names(Row("stopped"), done(*STOP), RUNS)


@pytest.mark.parametrize("record", [None, RECORD, done(*DEPLOY), done(*REMOVE)])
def test_removal_is_always_done_whole(record: Record | None) -> None:
    """A removal that is not yet recorded as done in SQL is walked from its begin: each step is idempotent."""
    assert REMOVE == names(Row("removed", "removing"), record, None)


def test_removed_needs_nothing() -> None:
    """What is removed is over."""
    assert () == names(Row("removed", "removed"), None, None)


def test_stopped_stack_is_rendered_again_at_its_start() -> None:
    """A stop strikes the rendering, so that the next start takes the template as it is then; secrets stay."""
    record = done(*DEPLOY)
    for step in STOP:
        record = record.begin(step).finish(step)

    assert ("directory", "secrets", *STOP) == record.done_steps
    assert ("render", "start", "health", "route") == names(Row(), record, None)


@given(st.lists(st.sampled_from([*DEPLOY, *STOP]), max_size=20))
def test_record_never_claims_what_a_step_undid(walk: list[StepName]) -> None:
    """Whatever was done before, a plan for running covers all steps from the first gap on."""
    record = RECORD
    for step in walk:
        record = record.begin(step).finish(step)
    missing = names(Row(), record, RUNS)

    assert missing == DEPLOY[len(DEPLOY) - len(missing) :]
    assert set(DEPLOY) <= set(missing) | set(record.done_steps)


@given(st.lists(st.sampled_from([*DEPLOY, *STOP]), max_size=20))
def test_walking_the_plan_ends_it(walk: list[StepName]) -> None:
    """After the steps of a plan the next plan is empty, for any goal and from anywhere."""
    for goal, observed in (("running", RUNS), ("stopped", ENDED)):
        record = RECORD
        for step in walk:
            record = record.begin(step).finish(step)
        for name in names(Row(goal), record, observed):  # type: ignore[arg-type]  # literals of the loop
            record = record.begin(name).finish(name)

        assert () == names(Row(goal), record, observed)  # type: ignore[arg-type]


def test_every_step_says_why() -> None:
    """`plan` is shown to people: each step has a reason."""
    assert all(step.why for step in plan(Row(), None, None))


def test_record_survives_json() -> None:
    """A record read back is the one that was written."""
    assert done(*DEPLOY) == Record.from_value(json.loads(json.dumps(done(*DEPLOY).to_value())))
