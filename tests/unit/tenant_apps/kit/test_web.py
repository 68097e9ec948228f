"""An app asks `auth_user(request)` and gets the caller, or the right refusal."""

from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tenant_apps.kit import web
from tenant_apps.kit.web import Identity, auth_user
from tests.unit.tenant_apps.conftest import ISSUER, STACK, Gate


@pytest.fixture
def environment(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The variables that the engine gives a service."""
    for name, value in (("KEYS_FILE", str(gate.file)), ("STACK_ID", STACK), ("ISSUER", ISSUER)):
        monkeypatch.setenv(f"INNKEEPER_{name}", value)
    web._process_identity.cache_clear()
    yield
    web._process_identity.cache_clear()


def request(*assertions: str) -> Request:
    headers = [(b"x-auth-assertion", assertion.encode()) for assertion in assertions]
    return Request({"type": "http", "headers": [*headers, (b"x-auth-user", b"root")]})


@pytest.mark.usefixtures("environment")
def test_the_caller_is_who_the_assertion_says(gate: Gate) -> None:
    """X-Auth-User beside it is not looked at."""
    assert "anna" == auth_user(request(gate.sign())).user


@pytest.mark.usefixtures("environment")
def test_no_assertion_or_two_are_401(gate: Gate) -> None:
    """Without exactly one assertion nobody is there."""
    for sent in ((), (gate.sign(), gate.sign()), ("",)):
        with pytest.raises(HTTPException) as refused:
            auth_user(request(*sent))

        assert 401 == refused.value.status_code


@pytest.mark.usefixtures("environment")
def test_unreadable_keys_are_503(gate: Gate) -> None:
    """A fault of the app's surroundings is not told to the visitor as theirs."""
    gate.file.unlink()

    with pytest.raises(HTTPException) as refused:
        auth_user(request("a.b.c"))

    assert 503 == refused.value.status_code


def test_a_missing_variable_is_named() -> None:
    """An app started without the platform's variables says which one is missing."""
    with pytest.raises(KeyError, match="INNKEEPER_STACK_ID"):
        Identity.from_environment({"INNKEEPER_KEYS_FILE": "/nowhere"})
