"""Signing in with e-mail and password, then on to where the visitor came from."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.errors import Busy
from auth_manager.portal import forms, way_back
from auth_manager.portal.services import client, form_page, services
from auth_manager.portal.signed_in import begin, who
from auth_manager.users import sign_in

# The same words for an unknown e-mail, a wrong password and a disabled user.
REFUSED = "E-mail and password do not belong together. Check both and try again."


async def show(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    if await who(request) is not None:
        return RedirectResponse(_next(request), 303)
    return _page(request, "", {})


async def submit(request: Request) -> Response:
    """Sign in: 303 onward with a new session; 422 with the form and no word on what was wrong."""
    fields = await forms.read(request)
    portal = services(request)
    portal.csrf.check(request, fields)
    email, password = fields.get("email", "").strip(), fields.get("password", "")
    missing = {"email": email, "password": password}
    faults = {name: f"Enter your {words}." for name, words in WORDS.items() if not missing[name]}
    if faults:
        return _page(request, email, faults, 422)
    try:
        user = await sign_in.sign_in(
            portal.engine, portal.passwords, email=email, password=password, client=client(request)
        )
    except Busy as busy:
        faults = {"form": "Many people are signing in just now. Try again in a moment."}
        return _page(request, email, faults, 429, {"Retry-After": str(busy.retry_after)})
    if user is None:
        return _page(request, email, {"form": REFUSED}, 422)
    response = RedirectResponse(_next(request), 303)
    await begin(request, response, user_id=user.id, handle=user.handle, email=user.email)
    return response


WORDS = {"email": "e-mail address", "password": "password"}


def _next(request: Request) -> str:
    given = request.query_params.getlist("next")
    return way_back.next_path(given[0] if len(given) == 1 else None)


def _page(
    request: Request, email: str, faults: dict[str, str], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    # The form is sent to this page's own URL, so `next` stays in its query, and may lead through /enter to a stack.
    targets = services(request).stack_hosts if _next(request).startswith("/enter") else ()
    return form_page(
        request, "sign_in", status, headers=headers, form_targets=targets, email=email, faults=faults,
    )  # fmt: skip
