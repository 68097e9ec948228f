"""Shares of a stack."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.errors import FieldRefused
from auth_manager.users import accounts
from auth_manager.users.accounts import User
from auth_manager.users.deploy import want_stack
from auth_manager.users.shares import all_grants, share, unshare
from auth_manager.users.tables import shares
from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import Wanted

from .conftest import DOMAIN, audited


@pytest.fixture
async def stack(engine: AsyncEngine) -> Wanted:
    """The stack of `bob` in `acme`."""
    return (await want_stack(engine, user="bob", tenant="acme", domain=DOMAIN, actor="admin"))[0]


async def grants(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    """All shares in force."""
    async with engine.connect() as conn:
        return await all_grants(conn)


async def give(engine: AsyncEngine, stack_id: str, user_id: str, role: str) -> None:
    """Share in a transaction of its own."""
    async with engine.begin() as conn:
        await share(conn, stack_id, user_id, role, "bob")


async def take(engine: AsyncEngine, stack_id: str, user_id: str) -> bool:
    """Take a share back in a transaction of its own."""
    async with engine.begin() as conn:
        return await unshare(conn, stack_id, user_id, "bob")


async def test_a_share_is_in_force_until_taken_back(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """Nobody has a share before; then one user has it with that role; then nobody, and a second time tells so."""
    before = await grants(engine)
    await give(engine, stack.id, ada.id, "viewer")
    given = await grants(engine)
    ended = [await take(engine, stack.id, ada.id) for _ in range(2)]

    assert [] == before == await grants(engine)
    assert [(stack.id, ada.id, "viewer")] == given
    assert [True, False] == ended


async def test_a_second_share_changes_the_role(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """There is one share a user and stack: the last."""
    for role in ("viewer", "admin", "member"):
        await give(engine, stack.id, ada.id, role)

    assert [(stack.id, ada.id, "member")] == await grants(engine)


async def test_shares_are_on_record(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """Who shared what with whom in which role, and who took it back."""
    await give(engine, stack.id, ada.id, "viewer")
    await take(engine, stack.id, ada.id)

    told = [(e["event"], e["actor"], e["subject"], e["tenant"], e["detail"]) for e in (await audited(engine))[-2:]]
    assert [
        ("share", "bob", "ada", "acme", {"role": "viewer", "stack": "bob-acme"}),
        ("unshare", "bob", "ada", "acme", {"stack": "bob-acme"}),
    ] == told


async def test_what_cannot_be_shared_is_refused_by_field(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """Unknown stack, user or role, the stack's own user, a disabled one: refused, each by name."""
    await want_stack(engine, user="carol", tenant="acme", domain=DOMAIN, actor="admin")
    carol = await accounts.disable(engine, "carol")
    assert carol is not None
    cases = {
        ("none", ada.id, "viewer"): "stack",
        (stack.id, "none", "viewer"): "user",
        (stack.id, carol.id, "viewer"): "user",
        (stack.id, stack.user_id, "viewer"): "user",
        (stack.id, ada.id, "root"): "role",
        (stack.id, ada.id, ""): "role",
    }
    for case, field in cases.items():
        with pytest.raises(FieldRefused) as refused:
            await give(engine, *case)
        assert field == refused.value.field

    assert [] == await grants(engine)


async def test_sql_knows_the_roles_too(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """A role that nobody knows cannot even be inserted past the code."""
    row = {"stack_id": stack.id, "user_id": ada.id, "role": "root", "created_at": 0.0, "created_by": "bob"}
    with pytest.raises(IntegrityError):
        async with engine.begin() as conn:
            await conn.execute(shares.insert().values(row))


async def test_a_disabled_user_has_no_grant(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """The shares of a disabled user are no longer copied to where the gate reads."""
    await give(engine, stack.id, ada.id, "viewer")
    await accounts.disable(engine, "ada")

    assert [] == await grants(engine)


async def test_a_removed_stack_is_shared_with_nobody(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """A removed stack takes its shares with it; one made again under the same name revives none."""
    await give(engine, stack.id, ada.id, "viewer")
    async with engine.begin() as conn:
        await wanted.report(conn, stack.id, status="removed")
    with pytest.raises(FieldRefused):
        await give(engine, stack.id, ada.id, "viewer")
    again, new = await want_stack(engine, user="bob", tenant="acme", domain=DOMAIN, actor="admin")

    assert new
    assert (stack.name, True) == (again.name, stack.id != again.id)
    assert [] == await grants(engine)


async def test_two_shares_at_once_leave_one(engine: AsyncEngine, stack: Wanted, ada: User) -> None:
    """Eight that share one stack with one user at the same moment all succeed, and one share is left."""
    await asyncio.gather(*(give(engine, stack.id, ada.id, "viewer") for _ in range(8)))

    assert [(stack.id, ada.id, "viewer")] == await grants(engine)
