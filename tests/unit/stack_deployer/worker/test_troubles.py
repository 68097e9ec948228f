"""Facts about a worker in trouble: failing stacks, Redis gone, stacks that nobody wants, another worker."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from stack_deployer.contract import bus, wanted
from stack_deployer.contract.seal import Sealer
from stack_deployer.errors import Held
from stack_deployer.worker.serve import wired
from tests.conftest import run_redis
from tests.unit.stack_deployer.inn import Inn, comes, eventually


def spoil(inn: Inn, old: str, new: str) -> str:
    """Change the template; what it was."""
    sound = inn.compose.read_text()
    assert old in sound
    inn.compose.write_text(sound.replace(old, new))
    return sound


async def test_failing_step_is_tried_again(inn: Inn) -> None:
    """A service that ends at its start is tried again later; meanwhile the stack is deploying, and says why."""
    sound = spoil(inn, 'PORT: "80"', 'PORT: "80"\n      DIE: broken pipes')
    stack = await inn.want()
    async with inn.working():
        row = await inn.when(stack.id, lambda row: row.attempts)

        assert "deploying" == row.status
        assert "broken pipes" in row.reason
        assert ("health", "failed") == (row.steps[-1]["step"], row.steps[-1]["state"])
        assert 1 <= row.try_after - row.updated_at + 0.5  # seconds until the second try

        inn.compose.write_text(sound)
        await inn.aim(stack.id, "stopped")
        await inn.until(stack.id, "stopped")
        await inn.aim(stack.id, "running")
        row = await inn.until(stack.id, "running")
        assert (0, "") == (row.attempts, row.reason)


async def test_last_failure_is_final_with_its_reason(inn: Inn) -> None:
    """After the fifth try the stack is failed, with the service's last lines; nothing of it runs until asked again."""
    sound = spoil(inn, 'PORT: "80"', 'PORT: "80"\n      DIE: broken pipes')
    stack = await inn.want()
    async with inn.sql.begin() as conn:
        await wanted.report(conn, stack.id, status="deploying", attempts=4)
    async with inn.working():
        row = await inn.until(stack.id, "failed")

        assert "broken pipes" in row.reason
        await eventually(lambda: not inn.processes(stack.id))
        route = await inn.told(stack.hosts[0], "failed")
        assert "broken pipes" not in route.reason  # the log's lines are for the owner alone
        inn.compose.write_text(sound)
        await inn.aim(stack.id, "stopped")
        await inn.until(stack.id, "stopped")
        await inn.aim(stack.id, "running")
        await inn.until(stack.id, "running")


async def test_refused_template_fails_at_once(inn: Inn) -> None:
    """A template that the policy refuses is not tried again; the reason names the key, and nothing was started."""
    spoil(inn, "init: true", "init: true\n    privileged: true")
    stack = await inn.want()
    async with inn.working():
        row = await inn.until(stack.id, "failed")

    assert "services.dashboard.privileged" in row.reason
    assert [] == inn.processes(stack.id)


async def test_corrupt_record_is_said_and_can_be_removed(inn: Inn) -> None:
    """A stack whose record cannot be read is failed, not deployed over; its removal still works."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
    record = inn.directory(stack).root / "record.json"
    record.write_text("{")
    async with inn.working():
        row = await inn.until(stack.id, "failed")
        assert str(record) in row.reason
        assert "{" == record.read_text()

        await inn.aim(stack.id, "removed")
        await inn.until(stack.id, "removed")
    assert not record.parent.exists()


@pytest.mark.parametrize("damage", ["gone", "illegible"])
async def test_lost_compose_file_is_rendered_again(inn: Inn, damage: str) -> None:
    """A Compose file that is gone or cannot be read is made again; the stack is running and its secrets as before."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        directory = inn.directory(stack)
        sound, secrets = directory.compose.read_text(), directory.secrets()

        if damage == "gone":
            directory.compose.unlink()
        else:
            directory.compose.write_text("x: [")

        await eventually(lambda: directory.compose.is_file() and directory.compose.read_text() == sound)
        await inn.until(stack.id, "running")
    assert secrets == directory.secrets()


async def test_ended_services_come_back(inn: Inn) -> None:
    """A service that is killed is started again, and the stack ends up running."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        (old,) = inn.processes(stack.id)
        os.kill(old, signal.SIGKILL)

        await eventually(lambda: inn.processes(stack.id) not in ([], [old]))
        await inn.until(stack.id, "running")


async def test_all_ended_while_nobody_worked(inn: Inn) -> None:
    """After a reboot, when nothing runs, the next worker brings every stack back as it was."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
    secrets = inn.directory(stack).secrets()
    inn.clear()
    async with inn.working():
        await eventually(lambda: inn.processes(stack.id))
        await inn.until(stack.id, "running")

    assert secrets == inn.directory(stack).secrets()


async def test_emptied_redis_gets_all_routes_again(inn: Inn) -> None:
    """Routes are back, the marker after them, when Redis has lost everything; forged ones are replaced."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        await inn.redis.flushall()
        await inn.redis.set("route:forged.inn.localhost", b"x" * 64)

        await comes(lambda: inn.redis.exists(bus.ROUTES_LOADED))
        route = await inn.route(stack.hosts[1])  # the marker comes last
        assert route is not None
        assert "running" == route.state
        assert not await inn.redis.exists("route:forged.inn.localhost")


async def test_forged_marker_is_no_marker(inn: Inn) -> None:
    """A marker that is not sealed by us is written again."""
    async with inn.working():
        await inn.redis.set(bus.ROUTES_LOADED, b"y" * 64)

        async def ours() -> set[str]:
            raw = await inn.redis.get(bus.ROUTES_LOADED)
            assert isinstance(raw, bytes)
            return set() if raw == b"y" * 64 else set(Sealer(inn.route_key, "route").open(bus.ROUTES_LOADED, raw))

        assert {"at"} == await comes(ours)


async def test_worker_outlives_redis(inn: Inn, tmp_path: Path) -> None:
    """With Redis down a deploy waits, at no cost of tries, and ends when Redis is back."""
    (tmp_path / "redis").mkdir()
    with run_redis(tmp_path / "redis") as server:
        port, password = server.port, server.password
    inn.environ["INNKEEPER_REDIS_PORT"] = str(port)
    (tmp_path / "keys" / "redis.password").write_text(password)
    stack = await inn.want()
    async with inn.working():
        row = await inn.when(stack.id, lambda row: row.reason == "Waiting for Redis")
        assert ("deploying", 0) == (row.status, row.attempts)
        with run_redis(tmp_path / "redis", port=port, password=password):
            await inn.until(stack.id, "running")


async def test_unwanted_stack_is_stopped_not_deleted(inn: Inn) -> None:
    """A stack that runs and is in no registry is stopped, its data kept: only a recorded removal deletes."""
    stack, other = await inn.want("user1"), await inn.want("user2")
    async with inn.working():
        await inn.until(stack.id, "running")
        await inn.until(other.id, "running")
    async with inn.sql.begin() as conn:
        await conn.execute(wanted.user_apps.delete().where(wanted.user_apps.c.id == stack.id))
    async with inn.working():
        await eventually(lambda: not inn.processes(stack.id))

        assert not (inn.dynamic / f"stack-{stack.id}.yml").exists()
        assert (inn.directory(stack).root / "secrets" / "jwt_secret").exists()
        assert 1 == len(inn.processes(other.id))


async def test_empty_registry_stops_nothing(inn: Inn) -> None:
    """An empty registry beside running stacks is doubted: nothing is stopped."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
    async with inn.sql.begin() as conn:
        await conn.execute(wanted.user_apps.delete())
    async with wired(inn.settings) as worker:
        await worker.look()
        await worker.look()

    assert 1 == len(inn.processes(stack.id))


async def test_many_deploys_end_alike(inn: Inn) -> None:
    """Six stacks wanted at once all come to run, each with ports of its own."""
    stacks = [await inn.want(f"user{number}") for number in range(6)]
    async with inn.working():
        for stack in stacks:
            await inn.until(stack.id, "running")

    told = {(inn.stacks_dir / stack.id / "ports.json").read_text() for stack in stacks}
    assert 6 == len(told)


async def test_goal_changed_on_the_way(inn: Inn) -> None:
    """A stack that never gets healthy can be removed at once, without waiting for its deadline."""
    spoil(inn, 'PORT: "80"', 'PORT: "80"\n      STATUS: "500"')
    stack = await inn.want()
    async with inn.working():
        await eventually(lambda: inn.processes(stack.id))
        await inn.aim(stack.id, "removed")
        await inn.until(stack.id, "removed")

    assert [] == inn.processes(stack.id)


async def test_second_worker_is_refused(inn: Inn) -> None:
    """Two workers over the same stacks would fight: the second ends, naming the first."""
    async with inn.working(), wired(inn.settings) as second:
        await asyncio.sleep(0)
        await eventually(lambda: (inn.stacks_dir / ".run" / "supervisor.lock").exists())
        with pytest.raises(BaseExceptionGroup) as refused:
            await second.run()

    assert refused.value.subgroup(Held)


async def test_new_keys_reach_running_stacks(inn: Inn) -> None:
    """When the public keys change, every stack's directory has them by the next look."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        (inn.root / "keys" / "assertion.jwks.json").write_text('{"keys": ["new"]}')

        await eventually(lambda: "new" in (inn.directory(stack).root / "keys.json").read_text())
