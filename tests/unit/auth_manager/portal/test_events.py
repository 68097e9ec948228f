"""Live progress."""

import asyncio
import json

import pytest

from auth_manager.portal import events
from stack_deployer.contract import wanted
from tests.unit.auth_manager.portal.conftest import Inn

DONE = {"step": "directory", "state": "done", "seconds": 0.1, "message": ""}


def parsed(text: str) -> list[tuple[str, dict[str, object]]]:
    """The events of a stream: name and data."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def without_states(text: str) -> list[tuple[str, dict[str, object]]]:
    """The same without what only the badge shows."""
    return [(name, data) for name, data in parsed(text) if name != "state"]


async def goal(inn: Inn, stack_id: str, wished: wanted.Goal) -> None:
    async with inn.services.engine.begin() as conn:
        await wanted.set_goal(conn, stack_id, wished)


async def is_open(inn: Inn) -> None:
    """Wait until a stream is being sent."""
    while not inn.services.streams:  # noqa: ASYNC110  the portal has no event to wait for
        await asyncio.sleep(0.01)


async def test_a_finished_stack_is_told_at_once(inn: Inn) -> None:
    """The stream of a running stack shows its steps, then `done`, and ends."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await inn.report(stack.id, status="running", steps=[DONE])

    answer = await browser.get(f"/stacks/{stack.id}/events")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    (first, step), (last, end) = without_states(answer.text)
    assert ("step", "done") == (first, last)
    assert {"step", "state", "seconds", "message"} <= set(step)
    assert {"step": "", "state": "running", "seconds": 0.1, "message": ""} == end


async def test_a_failed_stack_says_why(inn: Inn) -> None:
    """The stream of a failed stack ends with `failed` and the reason, line breaks and all."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await inn.report(stack.id, status="failed", reason="line one\n\nevent: done\ndata: {}")

    ((name, data),) = without_states((await browser.get(f"/stacks/{stack.id}/events")).text)

    assert ("failed", "line one\n\nevent: done\ndata: {}") == (name, data["message"])


async def test_each_change_is_one_event(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker reports while the page is open arrives once, in order, to the end."""
    monkeypatch.setattr(events, "POLL", 0.01)
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    stream = asyncio.create_task(browser.get(f"/stacks/{stack.id}/events"))
    await is_open(inn)

    await inn.report(stack.id, status="deploying", steps=[DONE | {"state": "running"}])
    await asyncio.sleep(0.3)
    await inn.report(stack.id, status="running", steps=[DONE])

    told = [
        (data["step"], data["state"]) for _, data in without_states((await stream).text) if data["state"] != "waiting"
    ]
    assert [("directory", "running"), ("directory", "done"), ("", "running")] == told
    assert {} == inn.services.streams


async def test_the_badge_follows_live(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new state arrives once, with its words; at the first step a stack is being built, not waiting."""
    monkeypatch.setattr(events, "POLL", 0.01)
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    stream = asyncio.create_task(browser.get(f"/stacks/{stack.id}/events"))
    await is_open(inn)

    await asyncio.sleep(0.3)
    await inn.report(stack.id, status="requested", steps=[DONE | {"state": "running"}])
    await asyncio.sleep(0.3)
    await inn.report(stack.id, status="running", steps=[DONE])

    titles = [data["title"] for name, data in parsed((await stream).text) if name == "state"]
    assert ["Waiting to be built", "Being built", "Running"] == titles


async def test_a_stopped_stack_is_followed_until_it_starts(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream of a stopped stack stays open, and says so when somebody starts the stack."""
    monkeypatch.setattr(events, "POLL", 0.01)
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await goal(inn, stack.id, "stopped")
    await inn.report(stack.id, status="stopped")
    stream = asyncio.create_task(browser.get(f"/stacks/{stack.id}/events"))
    await is_open(inn)
    await asyncio.sleep(0.3)
    assert not stream.done()

    await goal(inn, stack.id, "running")

    assert "moved" == parsed((await stream).text)[-1][0]


async def test_a_stack_that_comes_to_a_stop_ends_the_stream(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches a stack being stopped is told when it is."""
    monkeypatch.setattr(events, "POLL", 0.01)
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    stream = asyncio.create_task(browser.get(f"/stacks/{stack.id}/events"))
    await is_open(inn)
    await asyncio.sleep(0.3)

    await goal(inn, stack.id, "stopped")
    await inn.report(stack.id, status="stopped")

    name, data = parsed((await stream).text)[-1]
    assert ("done", "stopped") == (name, data["state"])


async def test_a_removed_stack_ends_the_stream(inn: Inn) -> None:
    """When the worker has removed the stack as wanted the stream ends."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    async with inn.services.engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, "removed")
    await inn.report(stack.id, status="removed")

    ((name, data),) = without_states((await browser.get(f"/stacks/{stack.id}/events")).text)

    assert ("done", "removed") == (name, data["state"])


async def test_the_stream_ends_with_the_session(inn: Inn, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a sign-out an open stream ends without `done`."""
    monkeypatch.setattr(events, "POLL", 0.01)
    monkeypatch.setattr(events, "HEARTBEAT", 0.02)
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    stream = asyncio.create_task(browser.get(f"/stacks/{stack.id}/events"))
    await is_open(inn)

    await inn.services.sessions.end_user(user.id)

    assert "event: done" not in (await stream).text
    assert ": still here" in (await stream).text or {} == inn.services.streams


async def test_a_user_opens_so_many_streams(inn: Inn) -> None:
    """One more stream than allowed is 429 with Retry-After."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    inn.services.streams[user.id] = events.MAX_STREAMS

    answer = await browser.get(f"/stacks/{stack.id}/events")

    assert (429, "5") == (answer.status_code, answer.headers["Retry-After"])
