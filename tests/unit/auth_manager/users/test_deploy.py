"""Wanting a stack for a user in a tenant."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.errors import FieldRefused
from auth_manager.users import accounts
from auth_manager.users.accounts import add_user
from auth_manager.users.deploy import want_stack
from auth_manager.users.password import Passwords
from stack_deployer.contract import wanted
from stack_deployer.contract.names import NameRefused
from stack_deployer.contract.regions import UnknownRegion
from stack_deployer.contract.wanted import NameTaken, Wanted

from .conftest import DOMAIN, audited, count_rows


async def deploy(
    engine: AsyncEngine, user: str, tenant: str, *, region: str | None = None, template: str | None = None
) -> tuple[Wanted, bool]:
    """Ask for a stack as the CLI does."""
    return await want_stack(
        engine, user=user, tenant=tenant, region=region, template=template, domain=DOMAIN, actor="admin"
    )


async def report(engine: AsyncEngine, stack_id: str, status: str) -> None:
    """Say what the worker would."""
    async with engine.begin() as conn:
        await wanted.report(conn, stack_id, status=status, reason="tried")


async def test_user_tenant_and_stack_are_made(engine: AsyncEngine) -> None:
    """Of an empty platform one call makes the user, a shared tenant that the user owns, and the wanted stack."""
    stack, new = await deploy(engine, "user1", "tenant1")

    assert new
    assert ("user1-tenant1", "user1", "tenant1", "iad", "hello") == (
        stack.name, stack.user, stack.tenant, stack.region, stack.template
    )  # fmt: skip
    assert ("user1-tenant1.inn.localhost", "api-user1-tenant1.inn.localhost") == stack.hosts
    assert {"users": 1, "tenants": 2, "memberships": 2, "user_apps": 1, "audit_events": 2} == await count_rows(engine)
    assert {
        "event": "deploy", "actor": "admin", "subject": stack.id, "tenant": "tenant1", "client": "",
        "detail": {"new": True, "role": "owner", "stack": "user1-tenant1"},
    } == (await audited(engine))[-1]  # fmt: skip


async def test_again_is_the_same_stack(engine: AsyncEngine) -> None:
    """The second call finds what the first made, and makes nothing."""
    stack, _ = await deploy(engine, "user1", "tenant1")
    counts = await count_rows(engine)
    again, new = await deploy(engine, "user1", "tenant1")

    assert not new
    assert stack == again
    assert counts | {"audit_events": 3} == await count_rows(engine)


async def test_the_personal_tenant_gives_the_short_name(engine: AsyncEngine) -> None:
    """In the tenant of their own, a user's stack has the handle alone as name."""
    stack, _ = await deploy(engine, "user1", "user1")

    assert ("user1", "user1") == (stack.name, stack.tenant)
    assert 1 == (await count_rows(engine))["tenants"]


async def test_users_of_one_tenant_have_a_stack_each(engine: AsyncEngine) -> None:
    """A second user of a tenant gets another stack and is a member, not the owner."""
    first, _ = await deploy(engine, "user1", "tenant1")
    second, new = await deploy(engine, "user2", "tenant1")

    assert new
    assert (first.tenant_id, True) == (second.tenant_id, first.user_id != second.user_id)
    assert "member" == (await audited(engine))[-1]["detail"]["role"]


async def test_another_region_or_template_is_another_stack(engine: AsyncEngine) -> None:
    """Further stacks are told apart by suffixes, found again by the same options, and the first stays the default."""
    first, _ = await deploy(engine, "user1", "tenant1", region="fra")
    london, _ = await deploy(engine, "user1", "tenant1", region="lhr")
    todo, _ = await deploy(engine, "user1", "tenant1", template="todo")
    both, _ = await deploy(engine, "user1", "tenant1", region="lhr", template="todo")

    names = [stack.name for stack in (first, london, todo, both)]
    assert ["user1-tenant1", "user1-tenant1-lhr", "user1-tenant1-todo", "user1-tenant1-lhr-todo"] == names
    assert ("fra", "todo") == (todo.region, todo.template)
    assert (first, False) == await deploy(engine, "user1", "tenant1")
    assert (first, False) == await deploy(engine, "user1", "tenant1", region="fra")
    assert (london, False) == await deploy(engine, "user1", "tenant1", region="lhr")
    assert (todo, False) == await deploy(engine, "user1", "tenant1", template="todo")
    assert (both, False) == await deploy(engine, "user1", "tenant1", region="lhr", template="todo")


@pytest.mark.parametrize(("goal", "status"), [("stopped", "stopped"), ("running", "failed")])
async def test_a_stack_at_rest_is_asked_to_run(engine: AsyncEngine, goal: wanted.Goal, status: str) -> None:
    """Deploying what was stopped or has failed wants it running again."""
    stack, _ = await deploy(engine, "user1", "tenant1")
    async with engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, goal)
        await wanted.report(conn, stack.id, status=status, attempts=5, try_after=9e9)
    again, new = await deploy(engine, "user1", "tenant1")

    assert not new
    assert ("running", 0, 0.0) == (again.wanted, again.attempts, again.try_after)


async def test_what_is_being_removed_is_a_clash(engine: AsyncEngine) -> None:
    """Until a removed stack is gone its name is not free, and a deploy does not stop the removal."""
    stack, _ = await deploy(engine, "user1", "tenant1")
    async with engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, "removed")
    with pytest.raises(FieldRefused) as refused:
        await deploy(engine, "user1", "tenant1")
    await report(engine, stack.id, "removed")
    again, new = await deploy(engine, "user1", "tenant1")

    assert ("stack", True) == (refused.value.field, refused.value.taken)
    assert new
    assert (stack.name, True) == (again.name, stack.id != again.id)


@pytest.mark.parametrize(
    ("user", "tenant"),
    [
        ("User1", "t"),
        ("u", "Tenant"),
        ("www", "t"),
        ("u", "iad"),
        ("api-u", "t"),
        ("u" * 31, "t"),
        ("", "t"),
        ("u", ""),
    ],
)
async def test_names_that_can_never_be(engine: AsyncEngine, user: str, tenant: str) -> None:
    """Names outside the grammar are refused, and nothing is made."""
    with pytest.raises(NameRefused):
        await deploy(engine, user, tenant)

    assert {} == await count_rows(engine)


async def test_options_that_can_never_be(engine: AsyncEngine) -> None:
    """An unknown region, an ill-formed template and a name too long for a host are refused, and nothing is made."""
    with pytest.raises(UnknownRegion):
        await deploy(engine, "user1", "tenant1", region="moon")
    with pytest.raises(NameRefused):
        await deploy(engine, "user1", "tenant1", template="../hello")
    with pytest.raises(NameRefused):
        await deploy(engine, "u" * 30, "t" * 30)

    assert {} == await count_rows(engine)


async def test_names_taken_are_named(engine: AsyncEngine) -> None:
    """A tenant that is another's handle, a handle that is a tenant, joins that collide: refused, nothing made."""
    await deploy(engine, "a-b", "c")
    before = await count_rows(engine)
    with pytest.raises(FieldRefused, match="personal") as tenant:
        await deploy(engine, "user1", "a-b")
    with pytest.raises(FieldRefused, match="taken") as user:
        await deploy(engine, "c", "tenant1")
    with pytest.raises(NameTaken, match="'a-b'") as join:
        await deploy(engine, "a", "b-c")
    with pytest.raises(NameTaken):
        await deploy(engine, "a", "b")

    assert [("tenant", True), ("user", True)] == [(r.value.field, r.value.taken) for r in (tenant, user)]
    assert ("a-b-c", "a-b", "c") == (join.value.name, join.value.user, join.value.tenant)
    assert before == await count_rows(engine)


async def test_a_disabled_user_gets_no_stack(engine: AsyncEngine, passwords: Passwords) -> None:
    """Deploying for a disabled user is refused."""
    await add_user(engine, passwords, handle="user1")
    await accounts.disable(engine, "user1")
    with pytest.raises(FieldRefused, match="disabled"):
        await deploy(engine, "user1", "tenant1")

    assert "user_apps" not in await count_rows(engine)


async def test_many_at_once_make_one(engine: AsyncEngine) -> None:
    """Six that deploy the same user and tenant at the same moment: one makes the stack, all get it."""
    answers = await asyncio.gather(*(deploy(engine, "user1", "tenant1") for _ in range(6)))

    assert 1 == len({stack.id for stack, _ in answers})
    assert [False] * 5 + [True] == sorted(new for _, new in answers)
    counts = await count_rows(engine)
    assert (1, 2, 1) == (counts["users"], counts["tenants"], counts["user_apps"])


async def test_two_who_take_each_others_names(engine: AsyncEngine) -> None:
    """User `a` into tenant `b` and user `b` into tenant `a` at the same moment: at most one is made, none hangs."""
    for number in range(5):
        a, b = f"a{number}", f"b{number}"
        answers = await asyncio.gather(deploy(engine, a, b), deploy(engine, b, a), return_exceptions=True)
        made = [answer for answer in answers if isinstance(answer, tuple)]
        refused = [answer for answer in answers if isinstance(answer, FieldRefused)]

        assert (1, 1) == (len(made), len(refused))
