"""Tenants, and who owns them."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.errors import FieldRefused
from auth_manager.users.accounts import User, add_user
from auth_manager.users.memberships import ensure_membership, ensure_tenant
from auth_manager.users.password import Passwords
from stack_deployer.contract.names import NameRefused


async def test_a_tenant_is_made_once(engine: AsyncEngine) -> None:
    """Asking twice for a slug gives the same tenant."""
    async with engine.begin() as conn:
        assert await ensure_tenant(conn, "acme") == await ensure_tenant(conn, "acme")


@pytest.mark.parametrize("name", ["Acme", "acme_1", "www", "api-acme", "iad", "", "a--b", "x" * 31])
async def test_the_grammar_holds(engine: AsyncEngine, name: str) -> None:
    """A slug that can never be is refused before it is written."""
    with pytest.raises(NameRefused):
        async with engine.begin() as conn:
            await ensure_tenant(conn, name)


@pytest.mark.usefixtures("ada")
async def test_a_personal_tenant_is_not_shared(engine: AsyncEngine) -> None:
    """The slug of another user's personal tenant is a clash."""
    with pytest.raises(FieldRefused) as refused:
        async with engine.begin() as conn:
            await ensure_tenant(conn, "ada")

    assert ("tenant", True) == (refused.value.field, refused.value.taken)


async def test_the_first_owns_the_next_are_members(engine: AsyncEngine, ada: User, passwords: Passwords) -> None:
    """Roles go by order of arrival and stay."""
    bob = await add_user(engine, passwords, handle="bob")
    async with engine.begin() as conn:
        acme = await ensure_tenant(conn, "acme")
        roles = [await ensure_membership(conn, user.id, acme) for user in (ada, bob, ada, bob)]

    assert ["owner", "member", "owner", "member"] == roles


async def test_of_many_at_once_one_owns(engine: AsyncEngine, passwords: Passwords) -> None:
    """Of five that come at the same moment, one is the first."""
    people = [await add_user(engine, passwords, handle=f"user-{number}") for number in range(5)]
    async with engine.begin() as conn:
        acme = await ensure_tenant(conn, "acme")

    async def come(user: User) -> str:
        async with engine.begin() as conn:
            return await ensure_membership(conn, user.id, acme)

    assert ["member"] * 4 + ["owner"] == sorted(await asyncio.gather(*map(come, people)))
