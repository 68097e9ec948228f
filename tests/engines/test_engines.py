"""Facts that hold on every engine."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stack_deployer.engines import health
from stack_deployer.engines.engine import Backend, Deployment
from stack_deployer.errors import EngineRefused, Held, StepFailed
from tests.engines.conftest import Bench, service


async def up(bench: Bench, deployment: Deployment) -> dict[str, Backend]:
    """Start it and wait for its health."""
    await bench.engine.start(deployment)
    await bench.engine.healthy(deployment)
    return bench.engine.backends(deployment)


async def ask(backend: Backend) -> dict[str, Any]:
    """What the small program says of itself."""
    reader, writer = await asyncio.open_connection(backend.host, backend.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


async def test_every_service_answers(bench: Bench) -> None:
    """Once healthy, each service answers at its own backend."""
    deployment = bench.deployment("dashboard", "public-api")
    backends = await up(bench, deployment)

    assert {"dashboard", "public-api"} == set(backends)
    assert [200, 200] == [await health.ask(backend.host, backend.port) for backend in backends.values()]
    assert (await bench.engine.observe())[deployment.id].running


async def test_environment(bench: Bench) -> None:
    """A service has the template's variables and the platform's own, which the template cannot change."""
    deployment = bench.deployment(GREETING="pay $$5", DEBUG=True, INNKEEPER_STACK_ID="another", HOST="0.0.0.0")  # noqa: S104
    env = (await ask((await up(bench, deployment))["dashboard"]))["env"]

    assert ("pay $5", "true", deployment.id) == (env["GREETING"], env["DEBUG"], env["INNKEEPER_STACK_ID"])
    assert env["INNKEEPER_KEYS_FILE"].endswith("keys.json")
    assert "0.0.0.0" != env["HOST"]  # noqa: S104


async def test_secret_files_are_found(bench: Bench) -> None:
    """A variable that names a Compose secret leads to the file that holds it."""
    deployment = bench.deployment(PASSWORD_FILE="/run/secrets/password")
    (bench.stacks_dir / deployment.id / "secrets" / "password").write_text("planted")
    env = (await ask((await up(bench, deployment))["dashboard"]))["env"]

    assert "planted" == Path(env["PASSWORD_FILE"]).read_text()


async def test_start_again_changes_nothing(bench: Bench) -> None:
    """Starting what runs leaves its processes and places as they are."""
    deployment = bench.deployment()
    backends = await up(bench, deployment)
    before = await ask(backends["dashboard"])

    assert backends == await up(bench, deployment)
    assert before == await ask(backends["dashboard"])


async def test_changed_service_is_replaced_and_a_dropped_one_ended(bench: Bench) -> None:
    """A start with another file makes the stack as that file says."""
    before = bench.deployment("dashboard", "old", COLOUR="red")
    await up(bench, before)
    after = bench.deployment("dashboard", stack_id=before.id, COLOUR="blue")
    backends = await up(bench, after)

    assert "blue" == (await ask(backends["dashboard"]))["env"]["COLOUR"]
    assert {"dashboard"} == set((await bench.engine.observe())[after.id].services)


async def test_next_engine_adopts(bench: Bench) -> None:
    """An engine that takes over sees the stacks of the one before and keeps their processes."""
    deployment = bench.deployment()
    before = await ask((await up(bench, deployment))["dashboard"])
    bench.engine.close()
    second = bench.again()
    assert (await second.observe())[deployment.id].running
    await second.start(deployment)
    await second.healthy(deployment)

    assert before == await ask(second.backends(deployment)["dashboard"])


async def test_second_engine_changes_nothing(bench: Bench) -> None:
    """While one engine runs the stacks, another may look but not start or stop."""
    deployment = bench.deployment()
    await up(bench, deployment)
    second = bench.again()

    with pytest.raises(Held):
        await second.stop(deployment.id)
    assert (await second.observe())[deployment.id].running


async def test_stop_and_remove(bench: Bench) -> None:
    """A stopped stack is gone from sight, stopping again is well, and its neighbour runs on."""
    deployment, neighbour = bench.deployment(), bench.deployment()
    await up(bench, deployment)
    await up(bench, neighbour)

    await bench.engine.stop(deployment.id)
    await bench.engine.stop(deployment.id)
    await bench.engine.remove(deployment.id)

    assert {neighbour.id} == set(await bench.engine.observe())


async def test_ids_that_begin_alike_are_told_apart(bench: Bench) -> None:
    """Stopping stack `a` leaves stack `ab` and `a-b` alone."""
    first, others = bench.deployment(stack_id="a"), [bench.deployment(stack_id=name) for name in ("ab", "a-b")]
    for deployment in (first, *others):
        await bench.engine.start(deployment)

    await bench.engine.stop("a")

    assert {"ab", "a-b"} == set(await bench.engine.observe())


async def test_stopped_stack_starts_where_it_was(bench: Bench) -> None:
    """A stack that was stopped answers at the same place again."""
    deployment = bench.deployment()
    before = await up(bench, deployment)
    await bench.engine.stop(deployment.id)

    assert before == await up(bench, deployment)


async def test_unhealthy_service_is_told_with_its_log(bench: Bench) -> None:
    """A service that does not become healthy in time fails the step, with what it answers and its last lines."""
    deployment = bench.deployment(STATUS=503)
    await bench.engine.start(deployment)

    with pytest.raises(StepFailed, match="dashboard answers /health with 503") as failed:
        await bench.engine.healthy(deployment, deadline=1.0)
    assert "health" == failed.value.step
    assert "starting" in failed.value.log_lines


async def test_crashing_service_is_told_before_the_deadline(bench: Bench) -> None:
    """A service that ends again and again fails the step early, with its dying words."""
    deployment = bench.deployment(DIE="no database")
    await bench.engine.start(deployment)
    watch = asyncio.create_task(bench.engine.watch())

    with pytest.raises(StepFailed, match="dashboard ended 6 times") as failed:
        await bench.engine.healthy(deployment, deadline=600)
    assert "dying as told: no database" in failed.value.log_lines
    assert {"dashboard": "restarting"} == (await bench.engine.observe())[deployment.id].services
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


async def test_logs(bench: Bench) -> None:
    """Logs come by service, or of all with the service's name before each line; of nobody there are none."""
    deployment = bench.deployment("dashboard", "public-api")
    await up(bench, deployment)

    assert ["starting"] == list(bench.engine.logs(deployment.id, "dashboard"))
    assert ["dashboard | starting", "public-api | starting"] == list(bench.engine.logs(deployment.id))
    assert [] == list(bench.engine.logs(deployment.id, lines=0))
    assert [] == list(bench.engine.logs("nobody"))
    assert [] == list(bench.engine.logs(deployment.id, "../../secret"))


async def test_refusals_change_nothing(bench: Bench) -> None:
    """A stack with a service the engine cannot run is refused before any service starts."""
    deployment = bench.deployment("dashboard")
    deployment = Deployment(deployment.id, "user1", {**deployment.services, "odd": {"image": "scratch"}})

    with pytest.raises(EngineRefused, match="service odd: x-innkeeper"):
        await bench.engine.start(deployment)
    assert {} == await bench.engine.observe()


async def test_service_that_would_escape_is_refused(bench: Bench) -> None:
    """Names of services and stacks that are paths are refused."""
    good = bench.deployment()
    with pytest.raises(EngineRefused, match="cannot name a service"):
        bench.engine.check(Deployment(good.id, "user1", {"../x": service()}))
    with pytest.raises(ValueError, match="no stack's id"):
        await bench.engine.stop("../x")
