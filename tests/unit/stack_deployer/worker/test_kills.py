"""Facts about workers that are killed at each step of a deploy, of a stop and of a removal."""

import http.client
import signal
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
import yaml

from stack_deployer.contract.wanted import Goal, Wanted
from stack_deployer.plan import DEPLOY, REMOVE, STOP
from tests.unit.stack_deployer.inn import Inn

PHASES = ("begin", "acted", "done")


def points(steps: Iterable[str]) -> list[tuple[str, str]]:
    """Every point of that road at which a worker can be told to die."""
    return [(step, phase) for step in steps for phase in PHASES]


def answers(inn: Inn, stack: Wanted) -> list[int]:
    """The status of /health at each server that Traefik would be told of."""
    found = yaml.safe_load((inn.dynamic / f"stack-{stack.id}.yml").read_text())
    statuses = []
    for service in found["http"]["services"].values():
        address = urlsplit(service["loadBalancer"]["servers"][0]["url"])
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        connection.request("GET", "/health")
        statuses.append(connection.getresponse().status)
        connection.close()
    return statuses


def leftovers(inn: Inn) -> list[str]:
    """Files that a killed worker began and nobody ended."""
    return [str(path) for path in inn.root.rglob("*") if path.name.startswith((".new-", ".gone-"))]


async def test_kill_at_any_step_of_a_deploy(inn: Inn) -> None:
    """However its workers died, a stack ends with one process that answers, and its first secrets, byte for byte."""
    doomed = {}
    for number, point in enumerate(points(DEPLOY)):
        stack = await inn.want(f"user{number}", "tenant1")

        assert -signal.SIGKILL == await inn.doomed(stack.id, *point), point
        folder = inn.directory(stack).root / "secrets"
        doomed[point] = (stack, inn.directory(stack).secrets() if folder.exists() else {})

    async with inn.working():
        for point, (stack, secrets) in doomed.items():
            row = await inn.until(stack.id, "running")

            assert 0 == row.attempts, point
            assert 1 == len(inn.processes(stack.id)), point
            assert [200, 200] == answers(inn, stack), point
            route = await inn.route(stack.hosts[0])
            assert route is not None
            assert "running" == route.state, point
            after = inn.directory(stack).secrets()
            assert {"db_password", "jwt_secret"} == set(after), point
            assert secrets.items() <= after.items(), point
    assert [] == leftovers(inn)


@pytest.mark.parametrize(("goal", "steps"), [("stopped", STOP), ("removed", REMOVE)])
async def test_kill_at_any_step_of_an_end(inn: Inn, goal: Goal, steps: tuple[str, ...]) -> None:
    """However its workers died, a stack that is to stop runs no more, and of one that is to go nothing is left."""
    ways = points(steps)
    stacks = [await inn.want(f"user{number}", "tenant1") for number in range(len(ways))]
    async with inn.working():
        for stack in stacks:
            await inn.until(stack.id, "running")
    before = {stack.id: inn.directory(stack).secrets() for stack in stacks}

    for stack, point in zip(stacks, ways, strict=True):
        await inn.aim(stack.id, goal)
        assert -signal.SIGKILL == await inn.doomed(stack.id, *point), point
    async with inn.working():
        for stack, point in zip(stacks, ways, strict=True):
            await inn.until(stack.id, goal)

            assert [] == inn.processes(stack.id), point
            assert not (inn.dynamic / f"stack-{stack.id}.yml").exists(), point
            if goal == "stopped":
                assert before[stack.id] == inn.directory(stack).secrets(), point
    if goal == "removed":
        assert [".run"] == [path.name for path in inn.stacks_dir.iterdir()]
        for stack in stacks:
            assert await inn.route(stack.hosts[0]) is None
    assert [] == leftovers(inn)


async def test_killed_worker_leaves_its_stacks_running(inn: Inn) -> None:
    """A worker that dies takes no stack along; the next one adopts the very process, and routes never change."""
    stack = await inn.want("user1")
    async with inn.working():
        await inn.until(stack.id, "running")
    before = inn.processes(stack.id)
    other = await inn.want("user2")

    assert -signal.SIGKILL == await inn.doomed(other.id, "start", "acted")

    assert before == inn.processes(stack.id)
    async with inn.working() as worker:
        while not worker.reconciler.keeps(stack.id):
            route = await inn.route(stack.hosts[0])
            assert route is not None
            assert "running" == route.state
        assert before == inn.processes(stack.id)
