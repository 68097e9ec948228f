"""A share of a stack: in force from the next request, in its role, on every host; and gone as quickly."""

import asyncio

import httpx

from auth_manager.users import accounts, shares
from innkeeper.checks.visitor import Visitor
from innkeeper.platform.state import Platform
from stack_deployer.contract import wanted
from tests.scenarios.conftest import Inn, eventually

PROGRAM = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Accept": "*/*"}


async def set_share(inn: Inn, stack_name: str, handle: str, role: str | None) -> None:
    """Give the user a share of the stack, or take it back, in SQL and in the gate's copy."""
    async with Platform.load(inn.state).connected() as connected:
        async with connected.engine.begin() as conn:
            stack, user = await wanted.find_named(conn, stack_name), await accounts.find(conn, handle)
            assert stack is not None
            assert user is not None
            if role is None:
                await shares.unshare(conn, stack.id, user.id, stack.user)
            else:
                await shares.share(conn, stack.id, user.id, role, stack.user)
        if role is None:
            await connected.grants.drop(stack.id, user.id)
        else:
            await connected.grants.write(stack.id, user.id, role)


async def lose_copies(inn: Inn) -> None:
    """Delete the gate's copies of all shares with their marker, as a Redis come back empty would."""
    async with Platform.load(inn.state).connected() as connected:
        keys = [key async for key in connected.redis.scan_iter("grant*")]
        await connected.redis.delete(*keys)


def role_of(answer: httpx.Response) -> str:
    return str({name.lower(): value for name, value in answer.json()["headers"].items()}["x-auth-role"])


def test_a_share_lets_in_by_its_role_until_it_is_taken_back(inn: Inn, anna: Visitor, bert: Visitor) -> None:
    """Bert enters anna's stack with the role of his share, on the next request; without it he is out on the next."""
    inn.inside(bert, "anna")  # a session on the host, refused for want of a share
    ask = inn.url("anna", "/echo")
    assert 403 == bert.get(ask, headers=PROGRAM).status_code

    asyncio.run(set_share(inn, "anna", "bert", "viewer"))
    shared = bert.get(ask, headers=PROGRAM)
    asyncio.run(set_share(inn, "anna", "bert", "member"))
    raised = bert.get(ask, headers=PROGRAM)
    asyncio.run(lose_copies(inn))
    copied_again = eventually(lambda: bert.get(ask, headers=PROGRAM).status_code == 200, within=5)
    asyncio.run(set_share(inn, "anna", "bert", None))
    after = bert.get(ask, headers=PROGRAM)

    assert (200, "viewer") == (shared.status_code, role_of(shared))
    assert (200, "member") == (raised.status_code, role_of(raised))
    assert copied_again
    assert 403 == after.status_code
