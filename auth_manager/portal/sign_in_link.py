"""Signing in by a one-time link: looking at it changes nothing, its button uses it up."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.portal import forms
from auth_manager.portal.services import client, form_page, services
from auth_manager.portal.signed_in import begin, named, who
from auth_manager.users import accounts
from auth_manager.users.sign_in import seen

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)
# Not no-referrer, with which the form's own Origin would be "null"; this one keeps the ticket to this page as well.
_HEADERS = {"Referrer-Policy": "strict-origin"}


async def show(request: Request) -> Response:
    """A button that says whom it signs in. Mail scanners and link previews get no further."""
    portal, ticket = services(request), _ticket(request)
    if ticket is None:
        return await _incomplete(request)
    value = await portal.tickets.look("link", ticket)
    if value is None:
        return await _spent(request)
    async with portal.engine.connect() as conn:
        whom = await accounts.find_id(conn, value["user_id"])
    if whom is None:
        return await _spent(request)
    there = await who(request)
    user = there.user if there else None
    return form_page(request, "sign_in_link", headers=_HEADERS, user=user, whom=whom.handle)


async def submit(request: Request) -> Response:
    """Use the ticket up: 303 to the start page with a new session; 410 when used, late or forged, 400 malformed."""
    portal = services(request)
    portal.csrf.check(request, await forms.read(request))
    ticket = _ticket(request)
    if ticket is None:
        return await _incomplete(request)
    value = await portal.tickets.consume("link", ticket)
    if value is None:
        return await _spent(request)
    async with portal.engine.begin() as conn:
        found = await accounts.find_id(conn, value["user_id"])
        user = await seen(conn, found, client=client(request), way="link") if found is not None else None
    if user is None:
        return await _spent(request)
    response = RedirectResponse("/", 303)
    await begin(request, response, user_id=user.id, handle=user.handle, email=user.email)
    return response


def _ticket(request: Request) -> str | None:
    given = request.query_params.getlist("ticket")
    return given[0] if len(given) == 1 and _SECRET.match(given[0]) else None


async def _incomplete(request: Request) -> Response:
    text = "A part of it is missing, or was changed on its way here. Copy the whole link, from http to its last letter."
    return await _refused(request, 400, "This link is not complete", text)


async def _spent(request: Request) -> Response:
    text = "It was used already, or is too old. Each link signs in once; ask whoever gave it to you for another."
    return await _refused(request, 410, "This link has done its work", text)


async def _refused(request: Request, status: int, title: str, text: str) -> Response:
    user = await named(request)
    link = ("/", "To my stacks") if user else ("/sign-in", "Sign in another way")
    return services(request).pages.render(
        "message", status, headers=_HEADERS, title=title, text=text, link=link, user=user
    )
