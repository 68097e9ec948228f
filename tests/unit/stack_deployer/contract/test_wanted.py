"""The table of wanted stacks, and what portal and worker say in it."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users import accounts, memberships
from stack_deployer.contract import wanted
from stack_deployer.contract.names import NameRefused
from stack_deployer.contract.wanted import NameTaken, Wanted, user_apps

DOMAIN = "inn.localhost"


async def want(
    engine: AsyncEngine,
    user: str,
    tenant: str,
    stack_id: str = "1",
    *,
    region: str = "iad",
    suffix_region: bool = False,
    suffix_template: bool = False,
) -> Wanted:
    """Want a stack, user and tenant made when missing."""
    async with engine.begin() as conn:
        found = await accounts.find(conn, user) or await accounts.insert(conn, handle=user)
        own = tenant == user
        tenant_id = await (memberships.personal_tenant if own else memberships.ensure_tenant)(conn, tenant)
        return await wanted.want(
            conn, stack_id=stack_id, user_id=found.id, user=user, tenant_id=tenant_id, tenant=tenant,
            template="hello", region=region, domain=DOMAIN, suffix_region=suffix_region,
            suffix_template=suffix_template,
        )  # fmt: skip


async def find(engine: AsyncEngine, stack_id: str = "1") -> Wanted:
    """The stack of that id, which there is."""
    async with engine.connect() as conn:
        found = await wanted.find(conn, stack_id)
    assert found is not None
    return found


async def live(engine: AsyncEngine) -> list[str]:
    """The names of all stacks not yet removed."""
    async with engine.connect() as conn:
        return [stack.name for stack in await wanted.live(conn)]


async def test_a_wanted_stack_is_found_as_recorded(engine: AsyncEngine) -> None:
    """A new stack is wanted running, requested, without steps, tries or a machine, by id and by name."""
    stack = await want(engine, "user1", "tenant1")
    async with engine.connect() as conn:
        assert stack == await wanted.find(conn, "1") == await wanted.find_named(conn, "user1-tenant1")
        assert await wanted.find(conn, "2") is None
        assert await wanted.find_named(conn, "user1") is None

    assert ("running", "requested", "", (), 0, 0.0, "") == (
        stack.wanted, stack.status, stack.reason, stack.steps, stack.attempts, stack.try_after, stack.machine_id
    )  # fmt: skip
    assert ("user1-tenant1.inn.localhost", "api-user1-tenant1.inn.localhost") == stack.hosts
    assert stack.created_at == stack.updated_at


async def test_suffixes_make_further_names(engine: AsyncEngine) -> None:
    """Region and template tell further stacks of one user and tenant apart."""
    names = [
        (await want(engine, "user1", "tenant1", "1", suffix_region=True)).name,
        (await want(engine, "user1", "tenant1", "2", suffix_template=True)).name,
        (await want(engine, "user1", "user1", "3", suffix_region=True, suffix_template=True)).name,
    ]

    assert ["user1-tenant1-iad", "user1-tenant1-hello", "user1-iad-hello"] == names


async def test_a_join_that_collides_is_refused_with_the_clash(engine: AsyncEngine) -> None:
    """`a-b` in `c` and `a` in `b-c` would have one host: the second is refused and told whose it is."""
    await want(engine, "a-b", "c")
    with pytest.raises(NameTaken) as taken:
        await want(engine, "a", "b-c", "2")

    assert ("a-b-c", "a-b", "c") == (taken.value.name, taken.value.user, taken.value.tenant)
    assert ["a-b-c"] == await live(engine)


async def test_a_name_too_long_for_a_host_is_refused(engine: AsyncEngine) -> None:
    """A join whose API host passes 63 characters is never recorded."""
    with pytest.raises(NameRefused, match="63"):
        await want(engine, "u" * 30, "t" * 30)

    assert [] == await live(engine)


async def test_sql_keeps_live_names_apart(engine: AsyncEngine) -> None:
    """Of many that want one name at the same moment, past the look before, SQL lets one have it."""
    await want(engine, "a", "b", "first")
    async with engine.connect() as conn:
        row = dict((await conn.execute(sa.select(user_apps))).mappings().one())
    with pytest.raises(IntegrityError):
        async with engine.begin() as conn:
            await conn.execute(user_apps.insert().values(row | {"id": "second"}))

    assert ["a-b"] == await live(engine)


async def test_a_removed_stack_frees_its_name_and_stays_on_record(engine: AsyncEngine) -> None:
    """After removal the row is there, the name free, and the next stack of that name has another id."""
    await want(engine, "a", "b")
    async with engine.begin() as conn:
        await wanted.report(conn, "1", status="removed")
        assert await wanted.find_named(conn, "a-b") is None
    gone = await find(engine)
    again = await want(engine, "a", "b", "2")

    assert ("removed", "a-b") == (gone.status, gone.name)
    assert ("2", "a-b") == (again.id, again.name)
    assert ["a-b"] == await live(engine)


async def test_live_stacks_are_listed_oldest_first(engine: AsyncEngine) -> None:
    """All of them, or those of one user."""
    for number, (user, tenant) in enumerate([("zoe", "acme"), ("ada", "acme"), ("zoe", "zoe")]):
        await want(engine, user, tenant, str(number))
    async with engine.connect() as conn:
        zoe = await accounts.find(conn, "zoe")
        assert zoe is not None
        own = [stack.name for stack in await wanted.live(conn, user_id=zoe.id)]
        assert [] == await wanted.live(conn, user_id="nobody")

    assert ["zoe-acme", "ada-acme", "zoe"] == await live(engine)
    assert ["zoe-acme", "zoe"] == own


async def test_the_worker_reports(engine: AsyncEngine) -> None:
    """Status, reason, steps, machine and tries are kept as told; what is not told stays, the reason aside."""
    steps = [{"step": "start", "state": "done", "seconds": 0.25, "message": "größer"}]
    await want(engine, "a", "b")
    async with engine.begin() as conn:
        await wanted.report(
            conn, "1", status="failed", reason="no room", steps=steps, machine_id="local", attempts=2, try_after=5.5
        )
    failed = await find(engine)
    async with engine.begin() as conn:
        await wanted.report(conn, "1", status="deploying")
    deploying = await find(engine)

    assert ("failed", "no room", tuple(steps), "local", 2, 5.5) == (
        failed.status, failed.reason, failed.steps, failed.machine_id, failed.attempts, failed.try_after
    )  # fmt: skip
    assert ("deploying", "", tuple(steps), "local", 2, 5.5) == (
        deploying.status, deploying.reason, deploying.steps, deploying.machine_id, deploying.attempts,
        deploying.try_after,
    )  # fmt: skip
    assert deploying.updated_at >= failed.updated_at >= deploying.created_at


async def test_a_new_goal_starts_the_tries_anew(engine: AsyncEngine) -> None:
    """Portal and CLI set what is wanted; tries and waiting begin again, the status stays the worker's."""
    await want(engine, "a", "b")
    async with engine.begin() as conn:
        await wanted.report(conn, "1", status="failed", reason="no room", attempts=5, try_after=9e9)
        await wanted.set_goal(conn, "1", "stopped")
    stack = await find(engine)

    assert ("stopped", 0, 0.0, "failed") == (stack.wanted, stack.attempts, stack.try_after, stack.status)


async def test_a_removed_stack_takes_no_new_goal(engine: AsyncEngine) -> None:
    """What is gone cannot be asked to run: it would come back to life without a name."""
    await want(engine, "a", "b")
    async with engine.begin() as conn:
        await wanted.set_goal(conn, "1", "removed")
        await wanted.report(conn, "1", status="removed")
        await wanted.set_goal(conn, "1", "running")

    assert "removed" == (await find(engine)).wanted


async def test_goal_and_report_at_once_lose_nothing(engine: AsyncEngine) -> None:
    """The worker's reports do not overwrite a goal that is set meanwhile."""
    await want(engine, "a", "b")

    async def tell(number: int) -> None:
        async with engine.begin() as conn:
            if number == 4:
                await wanted.set_goal(conn, "1", "stopped")
            else:
                await wanted.report(conn, "1", status="deploying", steps=[{"step": "start"}])

    await asyncio.gather(*(tell(number) for number in range(8)))
    stack = await find(engine)

    assert ("stopped", "deploying", ({"step": "start"},)) == (stack.wanted, stack.status, stack.steps)


async def test_people_and_programs_get_json(engine: AsyncEngine) -> None:
    """A stack as JSON has the agreed keys, and the seconds of its steps added up."""
    await want(engine, "a", "b")
    steps: list[dict[str, Any]] = [
        {"step": "start", "seconds": 0.25},
        {"step": "health", "seconds": 1.5},
        {"step": "route", "seconds": None},
    ]
    async with engine.begin() as conn:
        await wanted.report(conn, "1", status="running", steps=steps)
    told = json.loads(json.dumps((await find(engine)).as_json()))

    assert {
        "id": "1", "name": "a-b", "user": "a", "tenant": "b", "region": "iad", "template": "hello", "state": "running",
        "hosts": ["a-b.inn.localhost", "api-a-b.inn.localhost"], "reason": "", "seconds": 1.75, "steps": steps,
    } == told  # fmt: skip
