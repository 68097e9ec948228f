"""The gate's copies of shares, on a real Redis."""

from typing import Any

import pytest
from redis.asyncio import Redis

from auth_manager.sessions.grants import Grants
from stack_deployer.contract import bus
from stack_deployer.contract.route import ROLES
from stack_deployer.contract.seal import Sealer
from tests.unit.auth_manager.sessions.conftest import KEY, read


async def _role(grants: Grants, redis: Redis, stack_id: str, user_id: str) -> str | None:
    return grants.open(stack_id, user_id, await read(redis, bus.grant_key(stack_id, user_id)))


@pytest.mark.parametrize("role", ROLES)
async def test_a_grant_gives_its_role(grants: Grants, redis: Redis, role: str) -> None:
    """What was written for a stack and a user is read for these two alone."""
    await grants.write("st1", "id1", role)

    assert role == await _role(grants, redis, "st1", "id1")
    assert await _role(grants, redis, "st1", "id2") is None
    assert await _role(grants, redis, "st2", "id1") is None


async def test_a_dropped_grant_is_gone(grants: Grants, redis: Redis) -> None:
    """After dropping there is no role, and dropping again is harmless."""
    await grants.write("st1", "id1", "member")
    await grants.drop("st1", "id1")
    await grants.drop("st1", "id1")

    assert await _role(grants, redis, "st1", "id1") is None


async def test_an_unknown_role_is_not_written(grants: Grants, redis: Redis) -> None:
    """A role that is not in the list is a mistake of the caller."""
    with pytest.raises(ValueError, match="'operator' is not one of"):
        await grants.write("st1", "id1", "operator")
    assert await redis.dbsize() == 0


@pytest.mark.parametrize("value", [{"role": "operator"}, {"role": None}, {}, {"role": ["owner"]}])
def test_an_unknown_role_is_none(grants: Grants, value: dict[str, object]) -> None:
    """Even a sealed grant gives nothing when its role is not in the list."""
    raw = Sealer(KEY, "grant").seal("grant:st1:id1", value)

    assert grants.open("st1", "id1", raw) is None


async def test_a_forged_or_moved_grant_is_none(grants: Grants, redis: Redis) -> None:
    """Neither another key's seal nor a genuine grant of another stack or user lets anybody in."""
    await grants.write("st1", "id1", "owner")
    genuine = await read(redis, "grant:st1:id1")
    forged = Sealer(b"x" * 32, "grant").seal("grant:st1:id2", {"role": "owner"})

    assert grants.open("st1", "id2", forged) is None
    assert grants.open("st1", "id2", genuine) is None
    assert grants.open("st2", "id1", genuine) is None
    assert grants.open("st1", "id2", b"") is None


async def test_making_again_gives_what_is_wanted_and_no_more(grants: Grants, redis: Redis) -> None:
    """Stale copies go, changed ones change, unknown roles are left out, other keys stay."""
    await grants.write("st1", "stale", "owner")
    await grants.write("st1", "id1", "viewer")
    await redis.set("route:x", b"kept")

    assert await grants.make_again([("st1", "id1", "admin"), ("st2", "id2", "member"), ("st2", "id3", "operator")])

    assert {b"grant:st1:id1", b"grant:st2:id2"} == set(await redis.keys("grant:*"))
    assert await _role(grants, redis, "st1", "id1") == "admin"
    assert await redis.get("route:x") == b"kept"


async def test_the_marker_says_that_all_are_there(grants: Grants) -> None:
    """Not loaded in an empty Redis; loaded once the copies are made, even when there are none."""
    assert not await grants.loaded()
    assert await grants.make_again([])
    assert await grants.loaded()


async def test_the_marker_comes_last(grants: Grants, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the marker sees every grant: it is written in the last step of all."""
    monkeypatch.setattr("auth_manager.sessions.grants._CHUNK", 2)
    write, seen = grants._write_grants, []

    async def watched(*, keys: list[str], args: list[bytes | str]) -> Any:
        made = await write(keys=keys, args=args)
        seen.append((len(await redis.keys("grant:*")), await grants.loaded()))
        return made

    grants._write_grants = watched  # type: ignore[assignment]
    await grants.make_again([("st1", f"id{n}", "member") for n in range(5)])

    assert [(2, False), (4, False), (5, False), (5, True)] == seen


@pytest.mark.parametrize("raw", [None, b"", b"1", Sealer(b"x" * 32, "grant").seal("grants:loaded", {"at": 1})])
def test_a_forged_marker_is_none(grants: Grants, raw: bytes | None) -> None:
    """A writer in Redis cannot claim that all copies are there."""
    assert not grants.is_marker(raw)


async def test_an_old_list_does_not_bring_a_dropped_share_back(grants: Grants, redis: Redis) -> None:
    """A share withdrawn after the list was read from SQL stays withdrawn, and the caller is told to read again."""
    await grants.write("st1", "id1", "member")
    changes = await grants.changes()
    read_from_sql = [("st1", "id1", "member")]
    await grants.drop("st1", "id1")

    assert not await grants.make_again(read_from_sql, changes=changes)
    assert await _role(grants, redis, "st1", "id1") is None
    assert not await grants.loaded()
    assert await grants.make_again([], changes=await grants.changes())


async def test_an_old_list_does_not_undo_a_new_share(grants: Grants, redis: Redis) -> None:
    """A share given after the list was read from SQL is kept."""
    changes = await grants.changes()
    await grants.write("st1", "id1", "member")

    assert not await grants.make_again([], changes=changes)
    assert await _role(grants, redis, "st1", "id1") == "member"
