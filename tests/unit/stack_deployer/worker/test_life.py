"""Facts about a stack's life under a worker: deployed, stopped, started again, removed."""

import json
import stat
from pathlib import Path

import pytest

from stack_deployer.contract import bus
from stack_deployer.worker import loop
from tests.unit.stack_deployer.inn import DOMAIN, Inn, comes, eventually
from tests.unit.stack_deployer.publish.front import traefik


async def test_wanted_stack_comes_to_run(any_inn: Inn) -> None:
    """A wanted stack is deployed without being asked twice: one process, files, routes for gate and Traefik."""
    inn = any_inn
    stack = await inn.want()
    async with inn.working():
        row = await inn.until(stack.id, "running")

        steps = ["directory", "secrets", "render", "start", "health", "route"]
        assert [(name, "done") for name in steps] == [(step["step"], step["state"]) for step in row.steps]
        assert "local" == row.machine_id
        assert 1 == len(inn.processes(stack.id))
        for host in stack.hosts:
            route = await inn.route(host)
            assert route is not None
            assert ("running", stack.id, ("/public",)) == (route.state, route.stack_id, route.public)
        assert stack.hosts[1] in (inn.dynamic / f"stack-{stack.id}.yml").read_text()


async def test_founding_names_stand_in_the_env_file(inn: Inn) -> None:
    """`<name>.env` has the names of the founding guide, for its owner's eyes alone."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
    env = inn.stacks_dir / "user1-tenant1.env"

    names = {line.partition("=")[0] for line in env.read_text().splitlines()}
    founding = "USER_ID TENANT_ID STACK_NAME DOMAIN_NAME DB_USER DB_PASSWORD DB_NAME JWT_SECRET"
    assert set(founding.split()) == names
    assert 0o600 == stat.S_IMODE(env.stat().st_mode)
    assert 0o700 == stat.S_IMODE((inn.stacks_dir / stack.id).stat().st_mode)


async def test_stopped_stack_starts_with_its_data(inn: Inn) -> None:
    """Stopping ends processes and routes, the gate first; data and secrets are there at the next start."""
    stack = await inn.want()
    directory = inn.directory(stack)
    async with inn.working():
        await inn.until(stack.id, "running")
        (directory.root / "data" / "kept").write_text("kept")
        secrets = directory.secrets()
        await inn.aim(stack.id, "stopped")
        await bus.ring(inn.redis)
        await inn.until(stack.id, "stopped")

        assert [] == inn.processes(stack.id)
        assert not (inn.dynamic / f"stack-{stack.id}.yml").exists()
        route = await inn.route(stack.hosts[0])
        assert route is not None
        assert "stopped" == route.state

        await inn.aim(stack.id, "running")
        await inn.until(stack.id, "running")
        assert "kept" == (directory.root / "data" / "kept").read_text()
        assert secrets == directory.secrets()


async def test_removed_stack_leaves_nothing(any_inn: Inn) -> None:
    """Removal ends in no process, no file and no route; the row stays as the record, its name free again."""
    inn = any_inn
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        await inn.aim(stack.id, "removed")
        await inn.until(stack.id, "removed")
        await eventually(lambda: not inn.processes(stack.id))

        assert [".run"] == [path.name for path in inn.stacks_dir.iterdir()]
        assert [] == list(inn.dynamic.iterdir())
        again = await inn.want()
        assert again.id != stack.id
        assert again.name == stack.name
        await inn.until(again.id, "running")


async def test_removal_deletes_the_routes(inn: Inn) -> None:
    """The gate knows a removed stack's hosts no more."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
        await inn.aim(stack.id, "removed")
        await inn.until(stack.id, "removed")
    async with inn.working():  # whatever the first one had no time for, the second does at its start
        while await inn.route(stack.hosts[0]) is not None:
            await bus.ring(inn.redis)

    assert await inn.route(stack.hosts[1]) is None


async def test_stopping_before_the_first_deploy_is_well(inn: Inn) -> None:
    """A stack that is stopped or removed before anything was deployed ends so."""
    first, second = await inn.want("user1"), await inn.want("user2")
    await inn.aim(first.id, "stopped")
    await inn.aim(second.id, "removed")
    async with inn.working():
        await inn.until(first.id, "stopped")
        await inn.until(second.id, "removed")

    assert not (inn.stacks_dir / first.id).exists()


async def test_record_tells_what_is_deployed(inn: Inn) -> None:
    """record.json says whose stack it is and what was done, for people and for the next worker."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")

    told = json.loads((inn.stacks_dir / stack.id / "record.json").read_text())
    assert (stack.id, "user1", "tenant1", 1) == (told["id"], told["user"], told["tenant"], told["generation"])
    assert [f"user1-tenant1.{DOMAIN}", f"api-user1-tenant1.{DOMAIN}"] == told["hosts"]
    assert "route" == told["done_steps"][-1]


async def test_bell_wakes_the_worker(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring is heard at once: with a worker that looks once an hour, a wanted stack still comes to run."""
    monkeypatch.setattr(loop, "EVERY", 3600.0)
    async with inn.working():

        async def listening() -> bool:
            return dict(await inn.redis.pubsub_numsub(bus.BELL)) == {bus.BELL.encode(): 1}

        await comes(listening)
        stack = await inn.want()
        await bus.ring(inn.redis)
        await inn.until(stack.id, "running")


async def test_running_means_served(inn: Inn, tmp_path: Path) -> None:
    """When SQL says running, a real Traefik answers on both hosts; when it says stopped, on none."""
    with traefik(tmp_path) as front:
        inn.environ["INNKEEPER_TRAEFIK_API"] = front.api
        stack = await inn.want()
        async with inn.working():
            await inn.until(stack.id, "running")
            assert [200, 200] == [await front.get(host, "/health") for host in stack.hosts]

            await inn.aim(stack.id, "stopped")
            await inn.until(stack.id, "stopped")
            assert [404, 404] == [await front.get(host, "/health") for host in stack.hosts]


async def test_secrets_stay_where_they_are(inn: Inn, capfd: pytest.CaptureFixture[str]) -> None:
    """A stack's secrets are in its two places alone: in no log, no Compose file, not in SQL, not in Redis."""
    stack = await inn.want()
    async with inn.working():
        await inn.until(stack.id, "running")
    secrets = inn.directory(stack).secrets().values()
    told = [*capfd.readouterr(), inn.directory(stack).compose.read_text(), str((await inn.row(stack.id)).steps)]
    async for key in inn.redis.scan_iter():
        told.append(str(await inn.redis.dump(key)))
    told += [path.read_text() for path in (inn.directory(stack).root / "logs").iterdir()]
    told += [path.read_text(errors="replace") for path in inn.dynamic.iterdir()]

    assert all(secrets)
    assert not [secret for secret in secrets for text in told if secret in text]


async def test_second_look_changes_nothing(inn: Inn) -> None:
    """A stack that is where it should be is left alone: same process, same files, not a line written."""
    stack = await inn.want()

    def state() -> dict[str, tuple[int, int]]:
        files = [path for path in inn.stacks_dir.rglob("*") if path.is_file() and path.suffix != ".log"]
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in [*files, *inn.dynamic.iterdir()]}

    async with inn.working() as worker:
        row = await inn.until(stack.id, "running")
        before, processes = state(), inn.processes(stack.id)
        for _ in range(3):
            await worker.look()

        assert (before, processes) == (state(), inn.processes(stack.id))
        assert row.updated_at == (await inn.row(stack.id)).updated_at
