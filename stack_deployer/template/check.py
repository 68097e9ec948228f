"""Checking a template without a stack: it renders, keeps to the policy, and no value changes its shape."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stack_deployer.contract.names import Site, stack_hosts
from stack_deployer.errors import PolicyRefused, TemplateRefused
from stack_deployer.template import blueprint, policy
from stack_deployer.template.blueprint import Scalar
from stack_deployer.template.render import FILE, Facts, Rendered, render, scalar, values

_SITE = Site("example.com")
SAMPLE = Facts(
    id="0123456789abcdef0123456789abcdef",
    name="user1-tenant1",
    user_id="00000000-0000-7000-8000-000000000001",
    user="user1",
    tenant="tenant1",
    region="iad",
    hosts=stack_hosts("user1-tenant1", _SITE.domain),
    installation="00000000-0000-7000-8000-000000000000",
    site=_SITE,
)
# What breaks out of a place that a value was not meant for: quotes, a comment, another key, a new line.
AWKWARD = "a\"b'c: d #e\n  privileged: true\n- ]}{$F"

_PLAIN = {  # what pydantic says of stack.yml, in words for whoever wrote it
    "Extra inputs are not permitted": "is not known here; remove it, or mend its spelling",
    "Field required": "is missing",
    "Input should be a valid string": "must be text",
    "Input should be a valid integer": "must be a whole number",
    "Input should be a valid boolean": "must be true or false",
    "Input should be a valid list": "must be a list",
    "Input should be a valid dictionary": "must be a mapping",
    "Input should be ": "must be ",
}


def check(directory: Path) -> Rendered:
    """The sample stack of the template in `directory`; raises TemplateRefused or PolicyRefused, full path first."""
    with placed(directory):
        plan = blueprint.read(directory)
        rendered = render(directory, values(SAMPLE, plan))
        policy.check(rendered.document, SAMPLE, plan)
        for name, variable in plan.variables.items():
            if isinstance(variable.default, str):
                _hold_shape(directory, plan, name, rendered.document)
    return rendered


@contextmanager
def placed(directory: Path) -> Iterator[None]:
    """Faults of the template in `directory` begin with the file's path and are in plain words."""
    try:
        yield
    except (TemplateRefused, PolicyRefused) as error:
        raise type(error)([_placed(directory, fault) for fault in error.faults]) from None


def _placed(directory: Path, fault: str) -> str:
    for told, plain in _PLAIN.items():
        fault = fault.replace(told, plain)
    if fault.startswith(str(directory)):
        return fault
    if fault.startswith((blueprint.FILE, FILE)):
        return f"{directory / fault}"
    return f"{directory / FILE}: {fault}"  # the policy speaks of what the file makes


def _hold_shape(directory: Path, plan: blueprint.Blueprint, name: str, sound: dict[str, Any]) -> None:
    awkward: dict[str, Scalar] = {name: AWKWARD}
    fault = f"{FILE}: variables.{name}: stands inside quotes or beside other text; give it the place to itself"
    try:
        found = render(directory, values(SAMPLE, plan, awkward)).document
    except TemplateRefused:
        raise TemplateRefused([fault]) from None
    if _shape(found) != _shape(sound) or scalar(AWKWARD) in _leaves(found):  # quoted within single quotes
        raise TemplateRefused([fault])


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return type(value).__name__


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for inner in value for leaf in _leaves(inner)] if isinstance(value, list) else [value]
