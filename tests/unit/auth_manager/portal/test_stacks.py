"""One's own stacks."""

import pytest

from auth_manager.users import accounts
from auth_manager.users.tables import users
from stack_deployer.contract import wanted
from stack_deployer.contract.wanted import STATES
from tests.unit.auth_manager.portal.conftest import Inn

STEPS = [
    {"step": "directory", "state": "done", "seconds": 0.1, "message": ""},
    {"step": "start", "state": "failed", "seconds": 3.0, "message": "dashboard: <b>exit code 1</b>"},
]


async def test_a_stranger_signs_in_first(inn: Inn) -> None:
    """Without a session the list and a stack's page lead to sign-in and back."""
    browser = inn.browser()
    _, user = await inn.guest("anna")
    stack = await inn.stack(user)

    assert "/sign-in" == (await browser.get("/")).headers["location"]
    assert f"/sign-in?next=%2Fstacks%2F{stack.id}" == (await browser.get(f"/stacks/{stack.id}")).headers["location"]
    assert 401 == (await browser.get(f"/stacks/{stack.id}/events")).status_code


async def test_the_list_shows_ones_own_stacks_alone(inn: Inn) -> None:
    """My stacks names mine, with state, region and address, and nobody else's."""
    browser, _ = await inn.guest("anna")
    await inn.guest("bert")

    page = (await browser.get("/")).text

    assert "anna.inn.localhost" in page
    assert "Frankfurt" in page
    assert "Waiting to be built" in page
    assert "bert" not in page


@pytest.mark.parametrize("state", STATES)
async def test_every_state_has_its_pages(inn: Inn, state: str) -> None:
    """In each state the list and the stack's page are there, with words for it."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await inn.report(stack.id, status=state, reason="because <i>so</i>", steps=STEPS)

    page, home = await browser.get(f"/stacks/{stack.id}"), await browser.get("/")

    assert (200, 200) == (page.status_code, home.status_code)
    assert f"is-{'deploying' if state == 'requested' else state}" in page.text  # with steps done it is being built
    assert "<i>so" not in page.text + home.text
    assert "<b>exit" not in page.text


async def test_without_script_the_progress_page_asks_again(inn: Inn) -> None:
    """While a stack is being built the page refreshes itself for browsers without script; afterwards it does not."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)

    before = (await browser.get(f"/stacks/{stack.id}")).text
    await inn.report(stack.id, status="running", steps=STEPS[:1])
    after = (await browser.get(f"/stacks/{stack.id}")).text

    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in before
    assert "Start its services" in before
    assert "refresh" not in after
    assert 'href="http://anna.inn.localhost:8080/"' in after


async def test_another_users_stack_is_not_there(inn: Inn) -> None:
    """Somebody else's stack is 404 in all its pages, as one that never was, and cannot be tried again."""
    _, anna = await inn.guest("anna")
    stack = await inn.stack(anna)
    await inn.report(stack.id, status="failed")
    bert, _ = await inn.guest("bert")

    for path in (f"/stacks/{stack.id}", f"/stacks/{'0' * 32}"):
        answers = [
            await bert.get(path),
            await bert.get(f"{path}/events"),
            await bert.submit("/sign-out", {}, to=f"{path}/try-again"),
        ]
        assert [404] * 3 == [answer.status_code for answer in answers]
    assert "failed" == (await inn.stack(anna)).status


@pytest.mark.parametrize("stack_id", ["x", "0" * 31, "A" * 32, "%00", "0" * 4000, "' OR 1=1", "%2e%2e%2fenter"])
async def test_what_is_no_stack_is_not_there(inn: Inn, stack_id: str) -> None:
    """Anything but a stack's id is 404 to who is signed in, and leads a stranger nowhere odd."""
    browser, _ = await inn.guest("anna")

    assert 404 == (await browser.get(f"/stacks/{stack_id}")).status_code
    assert (await inn.browser().get(f"/stacks/{stack_id}")).status_code in (303, 404)


async def test_a_failed_stack_says_why_and_is_tried_again(inn: Inn) -> None:
    """The reason is on the page; the button asks the worker anew, from the beginning."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await inn.report(stack.id, status="failed", reason="no port was free", steps=STEPS, attempts=5, try_after=9e9)

    page = (await browser.get(f"/stacks/{stack.id}")).text
    answer = await browser.submit(f"/stacks/{stack.id}", {}, to=f"/stacks/{stack.id}/try-again")

    again = await inn.stack(user)
    assert "no port was free" in page
    assert "exit code 1" in page
    assert (303, f"/stacks/{stack.id}") == (answer.status_code, answer.headers["location"])
    assert ("running", "requested", "", 0, 0.0, ()) == (
        again.wanted, again.status, again.reason, again.attempts, again.try_after, again.steps,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["running", "deploying", "stopped", "removing", "quarantined"])
async def test_only_a_failed_stack_is_tried_again(inn: Inn, state: str) -> None:
    """In another state the button's address changes nothing."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    token = await browser.token("/sign-out")
    await inn.report(stack.id, status=state, attempts=3)

    answer = await browser.post(f"/stacks/{stack.id}/try-again", {"csrf": token})

    assert (303, state, 3) == (answer.status_code, (await inn.stack(user)).status, (await inn.stack(user)).attempts)


async def test_a_user_without_a_stack_is_told_what_to_do(inn: Inn) -> None:
    """An empty list says whom to ask for a stack, and to an operator how to make one."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    async with inn.services.engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, "removed")
    await inn.report(stack.id, status="removed")

    asked = (await browser.get("/")).text
    async with inn.services.engine.begin() as conn:
        await conn.execute(users.update().values(operator=True))
    told = (await browser.get("/")).text

    assert "Ask an operator" in asked
    assert "innkeeper deploy" not in asked
    assert "<code>.venv/bin/innkeeper deploy anna anna</code>" in told
    assert 200 == (await browser.get(f"/stacks/{stack.id}")).status_code


async def test_a_stopped_stack_says_who_starts_it(inn: Inn) -> None:
    """The page of a stopped stack follows it, with and without script, and names the command that starts it."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    async with inn.services.engine.begin() as conn:
        await wanted.set_goal(conn, stack.id, "stopped")
    await inn.report(stack.id, status="stopped")

    text = (await browser.get(f"/stacks/{stack.id}")).text

    assert "An operator can start it" in text
    assert "innkeeper stacks start anna" in text
    assert f'data-events="/stacks/{stack.id}/events"' in text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text


async def test_a_step_says_nothing_twice(inn: Inn) -> None:
    """A step's message is shown when it failed or is tried again, not when it repeats the step's title."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    step = {"step": "secrets", "state": "running", "seconds": 0.1, "message": "Making its secrets"}

    await inn.report(stack.id, status="deploying", steps=[step])
    first = (await browser.get(f"/stacks/{stack.id}")).text
    await inn.report(stack.id, status="deploying", attempts=1, steps=[step])
    second = (await browser.get(f"/stacks/{stack.id}")).text
    await inn.report(stack.id, status="deploying", attempts=2, steps=[step | {"state": "failed", "message": "disk"}])
    failed = (await browser.get(f"/stacks/{stack.id}")).text

    assert "Making its secrets" not in first + second
    assert "Try 2" in second
    assert "disk\nIt is tried again by itself." in failed


async def test_a_disabled_user_is_out_at_once(inn: Inn) -> None:
    """A session of a user who was disabled since opens no page, even before the session itself is ended."""
    browser, user = await inn.guest("anna")
    stack = await inn.stack(user)
    await accounts.disable(inn.services.engine, "anna")

    for path in ("/", f"/stacks/{stack.id}"):
        assert 303 == (await browser.get(path)).status_code
    assert 401 == (await browser.get(f"/stacks/{stack.id}/events")).status_code
