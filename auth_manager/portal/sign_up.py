"""Signing up: a user, a tenant and a wanted stack at once, then on to watch the stack being built."""

import contextlib

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.errors import Busy, FieldsRefused
from auth_manager.portal import forms
from auth_manager.portal.services import client, form_page, services
from auth_manager.portal.signed_in import begin, named, who
from auth_manager.users import names
from auth_manager.users.sign_up import sign_up
from stack_deployer.contract import bus
from stack_deployer.contract.regions import DEFAULT

FIELDS = ("email", "handle", "password", "region")  # in the form's order
INSTEAD = "instead_of"  # the handle of whose session the form has said that it ends
KEPT = ("handle", "email", "region")  # what a refused form comes back with; never the password


async def show(request: Request) -> Response:
    """The empty form; who is signed in is told that this session ends."""
    return await _page(request, {"handle": "", "email": "", "region": DEFAULT}, {})


async def submit(request: Request) -> Response:
    """Sign up: 303 to the new stack's progress; 422 or 409 with the form, its faults named by field.

    Whoever is signed in by now and was not told so by the form is told first, by the form once more (409).
    """
    fields = await forms.read(request)
    portal = services(request)
    portal.csrf.check(request, fields)
    given = {name: fields.get(name, "") for name in (*KEPT, "password")}
    await portal.redis.ping()  # without Redis nobody can be signed in: say so before anything is made
    there = await who(request)
    if there is not None and fields.get(INSTEAD) != there.user.handle:
        return await _page(request, given, {}, 409)
    try:
        made = await sign_up(
            portal.engine, portal.passwords, domain=portal.site.domain, client=client(request), **given
        )
    except FieldsRefused as refused:
        if not given["handle"]:
            given["handle"] = names.propose_handle(given["email"])
        return await _page(request, given, refused.fields, 409 if refused.taken else 422)
    except Busy as busy:
        faults = {"form": "Many people are signing up just now. Try again in a moment."}
        return await _page(request, given, faults, 429, {"Retry-After": str(busy.retry_after)})
    response = RedirectResponse(f"/stacks/{made.stack_id}", 303)
    await begin(request, response, user_id=made.user_id, handle=made.handle, email=made.email)
    with contextlib.suppress(RedisError):
        await bus.ring(portal.redis)
    return response


async def _page(
    request: Request,
    given: dict[str, str],
    faults: dict[str, str],
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    values = {name: given[name] for name in KEPT}
    order = [*FIELDS, *(name for name in faults if name not in FIELDS)]
    named_faults = {name: faults[name] for name in order if name in faults}
    return form_page(
        request, "sign_up", status, headers=headers, values=values, faults=named_faults, user=await named(request)
    )
