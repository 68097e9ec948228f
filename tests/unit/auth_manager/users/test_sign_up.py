"""Signing up: all of it or nothing."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.errors import Busy, FieldsRefused
from auth_manager.users import accounts, deploy
from auth_manager.users.memberships import ensure_tenant
from auth_manager.users.password import Passwords
from auth_manager.users.sign_in import sign_in
from auth_manager.users.sign_up import SignedUp, sign_up
from stack_deployer.contract import wanted

from .conftest import CHEAP, DOMAIN, PASSWORD, audited, count_rows

FORM = {"handle": "ada", "email": "Ada@Example.com", "password": PASSWORD, "region": "fra"}
ALL = {"users": 1, "credentials": 1, "tenants": 1, "memberships": 1, "user_apps": 1, "audit_events": 1}


async def fill(engine: AsyncEngine, passwords: Passwords, **fields: str) -> SignedUp:
    """Send the form, with some fields filled in otherwise."""
    form: dict[str, Any] = FORM | fields
    return await sign_up(engine, passwords, domain=DOMAIN, client="192.0.2.1", **form)


async def test_user_and_wanted_stack_are_made_at_once(engine: AsyncEngine, passwords: Passwords) -> None:
    """One row each of user, credential, tenant, membership, wanted stack and audit event, and all fit together."""
    made = await fill(engine, passwords)
    async with engine.connect() as conn:
        user = await accounts.find(conn, "ada")
        stack = await wanted.find(conn, made.stack_id)

    assert await count_rows(engine) == ALL
    assert user is not None
    assert stack is not None
    assert (user.id, "ada", "ada@example.com") == (made.user_id, made.handle, made.email)
    assert (made.user_id, "ada", "ada", "ada", "hello", "fra") == (
        stack.user_id, stack.user, stack.tenant, stack.name, stack.template, stack.region
    )  # fmt: skip
    assert ("running", "requested") == (stack.wanted, stack.status)
    assert ("ada.inn.localhost", "api-ada.inn.localhost") == stack.hosts


async def test_it_is_on_record_without_the_password(engine: AsyncEngine, passwords: Passwords) -> None:
    """The audit log tells who signed up, from where and for which stack."""
    made = await fill(engine, passwords)

    assert [
        {
            "event": "sign_up", "actor": "ada", "subject": made.stack_id, "tenant": "ada", "client": "192.0.2.1",
            "detail": {"region": "fra"},
        }
    ] == await audited(engine)  # fmt: skip


async def test_who_signed_up_can_sign_in(engine: AsyncEngine, passwords: Passwords) -> None:
    """The password given is the one that opens."""
    made = await fill(engine, passwords)
    user = await sign_in(engine, passwords, email=FORM["email"], password=PASSWORD)

    assert user is not None
    assert made.user_id == user.id


async def test_all_faults_are_told_at_once(engine: AsyncEngine, passwords: Passwords) -> None:
    """Every bad field is named with its reason, none of them as taken; nothing is made."""
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords, handle="A_b", email="none", password="short", region="moon")

    assert {"handle", "email", "password", "region"} == set(refused.value.fields)
    assert frozenset() == refused.value.taken
    assert all(refused.value.fields.values())
    assert {} == await count_rows(engine)


@pytest.mark.parametrize("field", ["handle", "email", "password", "region"])
async def test_an_empty_field_is_refused(engine: AsyncEngine, passwords: Passwords, field: str) -> None:
    """Each field is needed, and only that one is complained of."""
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords, **{field: ""})

    assert {field} == set(refused.value.fields)


@pytest.mark.parametrize("handle", ["auth", "api", "www", "traefik", "iad", "api-ada", "x" * 31, "adä", "ada\n"])
async def test_a_handle_that_can_never_be(engine: AsyncEngine, passwords: Passwords, handle: str) -> None:
    """Reserved, ill-formed and too long handles are refused and never made to fit."""
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords, handle=handle)

    assert {"handle"} == set(refused.value.fields)


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, {"handle", "email"}),
        ({"handle": "bob"}, {"email"}),
        ({"handle": "bob", "email": "ADA@EXAMPLE.COM "}, {"email"}),
        ({"email": "bob@example.com"}, {"handle"}),
    ],
)
async def test_what_another_has_is_named(
    engine: AsyncEngine, passwords: Passwords, fields: dict[str, str], taken: set[str]
) -> None:
    """Handle and e-mail that are taken are named, both when both are; nothing is made."""
    await fill(engine, passwords)
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords, **fields)

    assert taken == refused.value.taken == set(refused.value.fields)
    assert await count_rows(engine) == ALL


async def test_a_tenant_of_that_name_is_a_clash(engine: AsyncEngine, passwords: Passwords) -> None:
    """Who takes the slug of a tenant as handle would own it: refused."""
    async with engine.begin() as conn:
        await ensure_tenant(conn, "ada")
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords)

    assert {"handle"} == refused.value.taken


async def test_a_stack_of_that_name_is_a_clash(engine: AsyncEngine, passwords: Passwords) -> None:
    """`a` in tenant `b` has the stack `a-b`; so nobody signs up as `a-b`, and is not told whose it is."""
    await deploy.want_stack(engine, user="secretive", tenant="b", domain=DOMAIN, actor="admin")
    before = await count_rows(engine)
    with pytest.raises(FieldsRefused) as refused:
        await fill(engine, passwords, handle="secretive-b")

    assert {"handle"} == refused.value.taken
    assert "tenant" not in refused.value.fields["handle"]
    assert before == await count_rows(engine)


@pytest.mark.parametrize("shared", ["handle", "email"])
async def test_of_many_at_once_one_wins(engine: AsyncEngine, passwords: Passwords, shared: str) -> None:
    """Six that want one handle, or one e-mail, at the same moment: one has it, five are told, nothing is half made."""
    other = {"handle": "email", "email": "handle"}[shared]
    values = {"handle": "user-{}", "email": "user-{}@example.com"}
    answers = await asyncio.gather(
        *(fill(engine, passwords, **{other: values[other].format(number)}) for number in range(6)),
        return_exceptions=True,
    )

    assert 1 == len([answer for answer in answers if isinstance(answer, SignedUp)])
    assert [{shared}] * 5 == [answer.taken for answer in answers if isinstance(answer, FieldsRefused)]
    assert await count_rows(engine) == ALL


async def test_many_different_ones_at_once_all_succeed(engine: AsyncEngine, passwords: Passwords) -> None:
    """Twelve strangers who sign up at the same moment do not get into each other's way."""
    await asyncio.gather(
        *(fill(engine, passwords, handle=f"user-{n}", email=f"user-{n}@example.com") for n in range(12))
    )

    assert dict.fromkeys(ALL, 12) == await count_rows(engine)


async def test_busy_makes_nothing(engine: AsyncEngine) -> None:
    """When no more passwords are taken on, sign-up says so before anything is made."""
    full = Passwords(threads=1, waiting=-1, hasher=CHEAP)
    with pytest.raises(Busy):
        await fill(engine, full)
    full.close()

    assert {} == await count_rows(engine)
