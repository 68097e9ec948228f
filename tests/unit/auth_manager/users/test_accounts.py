"""Users made, found and disabled."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.errors import FieldsRefused
from auth_manager.users import accounts, login_tokens, memberships
from auth_manager.users.accounts import User, add_user
from auth_manager.users.password import Passwords
from auth_manager.users.tables import tenants

from .conftest import PASSWORD, audited, count_rows


async def test_a_user_is_found_as_made(engine: AsyncEngine, passwords: Passwords) -> None:
    """A new user is found by handle and by id, with canonical e-mail, and is among all users in order of age."""
    made = await add_user(engine, passwords, handle="ada", email="Ada@Example.com", password=PASSWORD, operator=True)
    robot = await add_user(engine, passwords, handle="robot-1")
    async with engine.connect() as conn:
        assert made == await accounts.find(conn, "ada") == await accounts.find_id(conn, made.id)
        assert [made, robot] == await accounts.all_users(conn)
        assert await accounts.find(conn, "Ada") is None
        assert await accounts.find_id(conn, "nobody") is None

    assert ("ada@example.com", True, False, None) == (made.email, made.operator, made.disabled, made.last_seen_at)
    assert (None, False) == (robot.email, robot.operator)


async def test_a_user_has_a_personal_tenant(engine: AsyncEngine, ada: User) -> None:
    """Its slug is the handle, the user owns it."""
    async with engine.begin() as conn:
        tenant_id = await memberships.personal_tenant(conn, "ada")
        assert "owner" == await memberships.ensure_membership(conn, ada.id, tenant_id)
    assert {"users": 1, "tenants": 1, "memberships": 1, "credentials": 1, "audit_events": 1} == await count_rows(engine)


async def test_ids_are_in_order_of_time(engine: AsyncEngine, passwords: Passwords) -> None:
    """Ids are UUIDv7."""
    ids = [(await add_user(engine, passwords, handle=f"user-{number}")).id for number in range(3)]

    assert sorted(ids) == ids
    assert ["7", "7", "7"] == [made[14] for made in ids]


async def test_all_faults_are_told_at_once(engine: AsyncEngine, passwords: Passwords) -> None:
    """Each field that is bad in itself is named with its reason, none as taken; nothing is made."""
    with pytest.raises(FieldsRefused) as refused:
        await add_user(engine, passwords, handle="Ada", email="ada", password="short")

    assert {"handle", "email", "password"} == set(refused.value.fields)
    assert frozenset() == refused.value.taken
    assert {} == await count_rows(engine)


@pytest.mark.usefixtures("ada")
async def test_taken_names_are_told_at_once(engine: AsyncEngine, passwords: Passwords) -> None:
    """Handle and e-mail that another has are both named, in whatever spelling, as taken."""
    before = await count_rows(engine)
    with pytest.raises(FieldsRefused) as refused:
        await add_user(engine, passwords, handle="ada", email="ADA@example.com")

    assert {"handle", "email"} == refused.value.taken == set(refused.value.fields)
    assert before == await count_rows(engine)


async def test_the_slug_of_a_tenant_is_no_handle(engine: AsyncEngine, passwords: Passwords) -> None:
    """Handles and tenant slugs share one namespace."""
    async with engine.begin() as conn:
        await memberships.ensure_tenant(conn, "acme")
    with pytest.raises(FieldsRefused) as refused:
        await add_user(engine, passwords, handle="acme")

    assert {"handle"} == refused.value.taken


async def test_many_without_email(engine: AsyncEngine, passwords: Passwords) -> None:
    """Users without e-mail do not clash with each other."""
    for number in range(3):
        await add_user(engine, passwords, handle=f"robot-{number}", email=None)

    assert 3 == (await count_rows(engine))["users"]


async def test_one_of_two_at_once_gets_the_handle(engine: AsyncEngine, passwords: Passwords) -> None:
    """Five that ask for one handle at the same moment: one gets it, four are refused, nothing is half made."""
    answers = await asyncio.gather(
        *(add_user(engine, passwords, handle="ada", email=f"a{n}@example.com") for n in range(5)),
        return_exceptions=True,
    )

    assert 1 == len([answer for answer in answers if isinstance(answer, User)])
    assert 4 == len([answer for answer in answers if isinstance(answer, FieldsRefused)])
    assert {"users": 1, "tenants": 1, "memberships": 1, "audit_events": 1} == await count_rows(engine)


async def test_a_disabled_user_has_no_way_in(engine: AsyncEngine, ada: User) -> None:
    """Disabling is on the record once, ends login tokens, and is seen by the next reading."""
    token = await login_tokens.issue(engine, ada)
    disabled = await accounts.disable(engine, "ada", actor="admin")
    again = await accounts.disable(engine, "ada", actor="admin")

    assert disabled is not None
    assert disabled.disabled
    assert disabled == again
    assert await login_tokens.exchange(engine, token) is None
    events = [event for event in await audited(engine) if event["event"] == "user_disabled"]
    assert [("admin", "ada")] == [(event["actor"], event["subject"]) for event in events]


async def test_nobody_is_disabled_by_a_wrong_name(engine: AsyncEngine, ada: User) -> None:
    """An unknown handle disables no one and says so."""
    assert await accounts.disable(engine, "ad") is None
    async with engine.connect() as conn:
        assert ada == await accounts.find(conn, "ada")
        assert 1 == (await conn.execute(sa.select(sa.func.count()).select_from(tenants))).scalar_one()
