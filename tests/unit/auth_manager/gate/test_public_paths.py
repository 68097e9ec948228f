"""What is open to everybody: the paths a template's public prefixes cover, and preflights."""

from dataclasses import replace

import pytest

from auth_manager.gate.decide import Reading, Reason, Refused, decide, is_public
from auth_manager.gate.forwarded import Target
from tests.unit.auth_manager.gate.examples import HOSTS, ORIGIN, ROUTE, SITE, page


@pytest.mark.parametrize(
    "path",
    [
        "/publicity", "/Public", "/public/../admin", "/public/./x", "/public//x", "//public", "/public/%2e%2e/admin",
        "/public\\..\\admin", "/public;x/../admin", "/public/..;/admin", "/public/..", "/x/public",
    ],
)  # fmt: skip
def test_public_path_is_not_widened(path: str) -> None:
    """No path that an app might read as another one is public."""
    assert not is_public(path, ("/public",))


@pytest.mark.parametrize(("prefix", "path"), [("/health", "/health"), ("/health", "/health/x"), ("/", "/any/thing")])
def test_public_prefix(prefix: str, path: str) -> None:
    """A prefix covers itself and what is below it."""
    assert is_public(path, (prefix,))


def test_what_is_open_to_all_says_that_the_stack_is_stopped() -> None:
    """A public path and a preflight of a stack that does not run get our 503, not Traefik's."""
    stopped = Reading(True, replace(ROUTE, state="stopped"))
    preflight = Target(HOSTS[1], method="OPTIONS", preflight_method="PUT", origin=ORIGIN)

    for target in (page("/public/x"), preflight):
        decision = decide(SITE, target, stopped)
        assert isinstance(decision, Refused)
        assert Reason.NOT_RUNNING == decision.reason
