"""One's own stacks: the list, one stack with its progress, and another try for one that failed."""

import contextlib
import re
from typing import Any

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.portal import forms
from auth_manager.portal.services import client, form_page, services
from auth_manager.portal.signed_in import SignedIn, need_sign_in, not_found, who
from auth_manager.users import audit
from stack_deployer.contract import bus, wanted
from stack_deployer.contract.wanted import Wanted

# The worker's steps in words for people; those of a deploy first, in order. Others show by their own name.
DEPLOY = ("directory", "secrets", "render", "start", "health", "route")
TITLES = {
    "directory": "Make its directory",
    "secrets": "Make its secrets",
    "render": "Write its configuration",
    "start": "Start its services",
    "health": "Wait until it is healthy",
    "route": "Open its addresses",
    "withdraw": "Close its addresses",
    "stop": "Stop its services",
    "delete": "Delete its data",
}
AT_REST = {"running": "running", "stopped": "stopped", "removed": "removed"}  # goal -> state that fulfils it
_ID = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)


async def home(request: Request) -> Response:
    """My stacks."""
    there = await who(request)
    if there is None:
        return need_sign_in("/")
    portal = services(request)
    async with portal.engine.connect() as conn:
        stacks = await wanted.live(conn, user_id=there.user.id)
    return portal.pages.render("stacks", user=there.user, stacks=stacks, moving=[s.id for s in stacks if moves(s)])


async def show(request: Request) -> Response:
    """One stack; 404 for another user's as for none."""
    there = await who(request)
    if there is None:
        stack_id = request.path_params["stack_id"]
        return need_sign_in(f"/stacks/{stack_id}" if _ID.match(stack_id) else "/")
    stack = await own_stack(request, there)
    origins = [services(request).site.origin(host) for host in stack.hosts]
    return form_page(
        request, "stack", user=there.user, stack=stack, origins=origins, steps=shown_steps(stack), moves=moves(stack),
        follows=moves(stack) or stack.status == "stopped", state=shown_state(stack),
    )  # fmt: skip


async def try_again(request: Request) -> Response:
    """Ask once more for a stack that failed; of another state nothing is changed."""
    portal = services(request)
    there = await who(request)
    if there is None:
        return need_sign_in("/")
    portal.csrf.check(request, await forms.read(request))
    stack = await own_stack(request, there)
    if stack.status == "failed":
        async with portal.engine.begin() as conn:
            await wanted.set_goal(conn, stack.id, "running")
            await wanted.report(conn, stack.id, status="requested", steps=[])
            await audit.record(
                conn, "stack_retry", actor=there.user.handle, subject=stack.id, tenant=stack.tenant,
                client=client(request),
            )  # fmt: skip
        with contextlib.suppress(RedisError):
            await bus.ring(portal.redis)
    return RedirectResponse(f"/stacks/{stack.id}", 303)


async def own_stack(request: Request, there: SignedIn) -> Wanted:
    """The stack of the request's path; raises HTTPException 404 unless it is the asker's."""
    stack_id = request.path_params["stack_id"]
    if not _ID.match(stack_id):
        raise not_found()
    async with services(request).engine.connect() as conn:
        stack = await wanted.find(conn, stack_id)
    if stack is None or stack.user_id != there.user.id:
        raise not_found()
    return stack


def moves(stack: Wanted) -> bool:
    """Whether the worker is still at it."""
    return stack.status not in ("failed", "quarantined", "sleeping", AT_REST[stack.wanted])


def shown_state(stack: Wanted) -> str:
    """The state for people: a stack at whose steps the worker is already is being built, whatever it was."""
    begun = any(step["state"] != "waiting" for step in stack.steps)
    return "deploying" if stack.status == "requested" and begun else stack.status


def shown_steps(stack: Wanted) -> list[dict[str, Any]]:
    """Steps for people, each {step, title, state, seconds, message}: reported ones, then those of a deploy to come.

    The message says what the title does not: why the step failed, or which try it is.
    """
    reported = [{"seconds": None, "message": ""} | step for step in stack.steps]
    if stack.status in ("requested", "deploying"):
        names = {step["step"] for step in reported}
        coming = [name for name in DEPLOY if name not in names]
        reported += [{"step": name, "state": "waiting", "seconds": None, "message": ""} for name in coming]
    return [
        step | {"title": TITLES.get(step["step"], step["step"]), "message": _said(stack, step)} for step in reported
    ]


def _said(stack: Wanted, step: dict[str, Any]) -> str:
    match step["state"]:
        case "failed" if moves(stack):
            return f"{step['message']}\nIt is tried again by itself."
        case "failed":
            return str(step["message"])
        case "running" if stack.attempts:
            return f"Try {stack.attempts + 1}"
    return ""
