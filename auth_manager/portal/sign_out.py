"""Signing out: everything this browser was signed in to ends, then its hosts are visited to forget their cookies."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth_manager.portal import forms
from auth_manager.portal.cookies import sent
from auth_manager.portal.services import form_page, services
from auth_manager.portal.signed_in import end, who
from auth_manager.sessions.session import COOKIE_SSO, expire_cookie

# Browsers follow 20 redirects. The cookies of hosts beyond that open nothing any more: their sessions have ended.
MAX_BYES = 16


async def show(request: Request) -> Response:
    """The page with the button; nothing ends by a GET."""
    if sent(request, COOKIE_SSO) is None:
        return RedirectResponse("/signed-out", 303)
    there = await who(request)
    targets = services(request).stack_hosts
    return form_page(request, "sign_out", form_targets=targets, user=there.user if there else None)


async def submit(request: Request) -> Response:
    """End the SSO session and all that came from it; 303 past the hosts that had one."""
    portal = services(request)
    portal.csrf.check(request, await forms.read(request))
    hosts = (await end(request))[:MAX_BYES]
    url = "/signed-out"
    if hosts:
        url = f"{portal.site.origin(hosts[0])}/.innkeeper/bye"
        if hosts[1:]:
            url += f"?then={','.join(hosts[1:])}"
    response = RedirectResponse(url, 303)
    response.headers.append("set-cookie", expire_cookie(COOKIE_SSO))
    return response


async def done(request: Request) -> Response:
    """Where a sign-out ends."""
    return services(request).pages.render("signed_out")
