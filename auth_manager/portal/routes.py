"""Every address of the portal."""

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from auth_manager.portal import api, enter, events, health, sign_in, sign_in_link, sign_out, sign_up, stacks
from auth_manager.portal.pages import Pages


def routes(pages: Pages) -> list[BaseRoute]:
    """The portal's routes; only POST changes anything."""
    return [
        Route("/", stacks.home, methods=["GET"]),
        Route("/sign-up", sign_up.show, methods=["GET"]),
        Route("/sign-up", sign_up.submit, methods=["POST"]),
        Route("/sign-in", sign_in.show, methods=["GET"]),
        Route("/sign-in", sign_in.submit, methods=["POST"]),
        Route("/sign-in/link", sign_in_link.show, methods=["GET"]),
        Route("/sign-in/link", sign_in_link.submit, methods=["POST"]),
        Route("/sign-out", sign_out.show, methods=["GET"]),
        Route("/sign-out", sign_out.submit, methods=["POST"]),
        Route("/signed-out", sign_out.done, methods=["GET"]),
        Route("/stacks/{stack_id}", stacks.show, methods=["GET"]),
        Route("/stacks/{stack_id}/events", events.events, methods=["GET"]),
        Route("/stacks/{stack_id}/try-again", stacks.try_again, methods=["POST"]),
        Route("/enter", enter.enter, methods=["GET"]),
        Route("/api/auth/login", api.login, methods=["POST"]),
        Route("/health", health.health, methods=["GET"]),
        Route("/ready", health.ready, methods=["GET"]),
        Mount("/static", StaticFiles(directory=pages.static)),
    ]
