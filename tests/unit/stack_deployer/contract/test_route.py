"""A route as the worker writes it and the gate reads it."""

import dataclasses
import json

import pytest

from stack_deployer.contract.route import ROLES, Route

ROUTE = Route(
    host="user1.inn.localhost",
    stack_id="0" * 32,
    name="user1",
    user_id="id1",
    user="user1",
    tenant="user1",
    hosts=("user1.inn.localhost", "api-user1.inn.localhost"),
    state="running",
    public=("/public",),
    origins=("https://partner.example",),
    headers={"X-Forwarded-User": "user"},
)


def test_a_route_survives_json() -> None:
    """What is sealed as JSON comes back as the same route, tuples included."""
    assert ROUTE == Route.from_value(json.loads(json.dumps(ROUTE.to_value())))


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Route)])
def test_a_route_without_a_field_is_no_open_route(field: str) -> None:
    """A missing field is an error, or its default, which opens nothing."""
    value = ROUTE.to_value()
    del value[field]

    try:
        route = Route.from_value(value)
    except (TypeError, KeyError):
        return
    assert not getattr(route, field)


@pytest.mark.parametrize("value", [{}, ROUTE.to_value() | {"open": True}, ROUTE.to_value() | {"hosts": None}])
def test_a_foreign_shape_is_refused(value: dict[str, object]) -> None:
    """A value of another version with fields we do not know is not half understood."""
    with pytest.raises((TypeError, KeyError)):
        Route.from_value(value)


def test_a_route_opens_nothing_by_default() -> None:
    """Public paths, foreign origins and app headers are there only when named."""
    bare = Route("h", "s", "n", "i", "u", "t", ("h",), "running")

    assert ((), (), {}) == (bare.public, bare.origins, bare.headers)


def test_the_owner_is_highest() -> None:
    """Roles ascend, so that comparing places compares powers."""
    assert ROLES == ("viewer", "member", "admin", "owner")
