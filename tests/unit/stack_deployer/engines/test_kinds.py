"""Facts about what a Compose service is outside of a container."""

from pathlib import Path
from typing import Any

import pytest

from stack_deployer.engines import kinds
from stack_deployer.engines.kinds import Kind
from stack_deployer.errors import EngineRefused

SECRETS = Path("/stack/secrets")


def test_kinds() -> None:
    """A service is what its `x-innkeeper` words say."""
    program = {"x-innkeeper": {"kind": "program", "run": "tenant_apps.hello"}}

    assert Kind("program", "tenant_apps.hello") == kinds.read("dashboard", program)
    assert Kind("redis") == kinds.read("cache", {"x-innkeeper": {"kind": "redis"}})


@pytest.mark.parametrize(
    "words",
    [None, "program", {}, {"kind": "shell"}, {"kind": "program"}, {"kind": "program", "run": "a; rm"},
     {"kind": "program", "run": "-c"}, {"kind": "program", "run": ["a"]}, {"kind": "program", "run": "a\n"}],
)  # fmt: skip
def test_senseless_words_are_refused(words: object) -> None:
    """Words that name no kind, or no module, are refused with the service's name."""
    with pytest.raises(EngineRefused, match="service dashboard: x-innkeeper"):
        kinds.read("dashboard", {"x-innkeeper": words})


@pytest.mark.parametrize(
    "given",
    [{"A": "x", "B": 1, "C": True, "D": "$$1", "E": ""}, ["A=x", "B=1", "C=true", "D=$$1", "E="]],
)
def test_environment_in_both_spellings(given: Any) -> None:
    """A mapping and a list say the same, and a doubled dollar is one."""
    found = kinds.environment("dashboard", {"environment": given}, SECRETS)

    assert {"A": "x", "B": "1", "C": "true", "D": "$1", "E": ""} == found


def test_no_environment() -> None:
    """A service without variables has none."""
    assert {} == kinds.environment("dashboard", {}, SECRETS)


def test_secret_is_found_in_the_stack() -> None:
    """The path of a Compose secret becomes that of the file in the stack's directory."""
    found = kinds.environment("dashboard", {"environment": {"F": "/run/secrets/password"}}, SECRETS)

    assert {"F": "/stack/secrets/password"} == found


@pytest.mark.parametrize("value", [None, "${HOME}", "$HOME", "$$$HOME", "/run/secrets/../record.json", "/run/secrets/"])
def test_values_from_elsewhere_are_refused(value: str | None) -> None:
    """Nothing is taken from the machine, nor from outside of the stack's secrets."""
    with pytest.raises(EngineRefused, match=r"environment\.F"):
        kinds.environment("dashboard", {"environment": {"F": value}}, SECRETS)
