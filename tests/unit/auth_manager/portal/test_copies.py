"""The gate's copies of shares."""

import asyncio

import pytest

from auth_manager.portal import copies
from auth_manager.portal.copies import copy_grants, keep_grants
from auth_manager.users import shares
from stack_deployer.contract.bus import grant_key
from tests.unit.auth_manager.portal.conftest import Inn


async def shared(inn: Inn) -> tuple[str, str]:
    """anna's stack, shared with bert in SQL alone: stack id, user id."""
    _, anna = await inn.guest("anna")
    _, bert = await inn.guest("bert")
    stack = await inn.stack(anna)
    async with inn.services.engine.begin() as conn:
        await shares.share(conn, stack.id, bert.id, "member", "anna")
    return stack.id, bert.id


async def until_loaded(inn: Inn, task: "asyncio.Task[None]") -> None:
    """Wait until the task has made the copies; fails as it does, should it end."""
    while not await inn.services.grants.loaded():
        await asyncio.wait([task], timeout=0.01)
        assert not task.done(), task.exception()


async def test_all_shares_are_copied_then_the_marker(inn: Inn) -> None:
    """The copies say what SQL says, and stale ones are gone."""
    stack_id, user_id = await shared(inn)
    await inn.services.grants.write("0" * 32, "stale", "owner")

    assert await copy_grants(inn.services)

    redis = inn.services.redis
    raw = await redis.get(grant_key(stack_id, user_id))
    assert isinstance(raw, bytes)
    assert "member" == inn.services.grants.open(stack_id, user_id, raw)
    assert await redis.get(grant_key("0" * 32, "stale")) is None
    assert await inn.services.grants.loaded()


async def test_an_emptied_redis_gets_them_again(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made at start, and made again when the marker is missing; with Redis in between refusing everything."""
    monkeypatch.setattr(copies, "EVERY", 0.01)
    stack_id, user_id = await shared(inn)
    stop = asyncio.Event()
    task = asyncio.create_task(keep_grants(inn.services, stop))

    for _ in range(2):
        await until_loaded(inn, task)
        assert await inn.services.redis.get(grant_key(stack_id, user_id)) is not None
        await inn.services.redis.flushall()

    stop.set()
    await task


async def test_it_outlives_what_fails(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Redis refuses every write the task goes on trying, and succeeds when it may."""
    monkeypatch.setattr(copies, "EVERY", 0.01)
    redis, stop = inn.services.redis, asyncio.Event()
    await redis.config_set("maxmemory", "1")
    try:
        task = asyncio.create_task(keep_grants(inn.services, stop))
        await asyncio.sleep(0.2)
        assert not task.done()
    finally:
        await redis.config_set("maxmemory", "0")
    await until_loaded(inn, task)
    stop.set()
    await task
