"""Which paths a template's public prefixes cover."""

import pytest

from auth_manager.gate.decide import is_public


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
