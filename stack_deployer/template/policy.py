"""The policy: what a rendered stack may ask for. Whatever is not on a list is refused."""

import re
from collections.abc import Mapping
from typing import Any

from stack_deployer.errors import PolicyRefused
from stack_deployer.template import labels, services
from stack_deployer.template.blueprint import Blueprint
from stack_deployer.template.ledger import Ledger
from stack_deployer.template.render import Facts

TOP = ("name", "services", "networks", "volumes", "secrets")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}\Z", re.ASCII)


def check(document: Mapping[str, Any], facts: Facts, blueprint: Blueprint) -> None:
    """Nothing, when the rendered document asks for no more than a stack may have; raises PolicyRefused.

    All faults are found at once. Deny by default: unknown keys are faults.
    """
    ledger = Ledger([])
    ledger.keys("", document, TOP)
    ledger.hold("name", document.get("name") == facts.name, f"must be the stack's name, {facts.name!r}")
    found = ledger.mapping("services", document.get("services"))
    ledger.hold("services", bool(found), "must name a service at least")
    for name, service in found.items():
        path = f"services.{name}"
        ledger.hold(path, bool(_NAME.match(str(name))), "must be lower-case letters, digits and hyphens, 30 at most")
        services.check(ledger, path, ledger.mapping(path, service), document)
        labels.check(ledger.hold, f"{path}.labels", service, facts)
    for index, route in enumerate(blueprint.routes):
        known = route.service in found
        ledger.hold(f"stack.yml: routes.{index}.service", known, f"there is no service {route.service!r}")
    _networks(ledger, document, facts)
    _volumes(ledger, document, facts)
    _secrets(ledger, document, facts, blueprint)
    _interpolation(ledger, "", document)
    if ledger.faults:
        raise PolicyRefused(ledger.faults)


def _networks(ledger: Ledger, document: Mapping[str, Any], facts: Facts) -> None:
    networks = ledger.mapping("networks", document.get("networks"))
    ledger.hold("networks", len(networks) == 1, "must be one: the stack's own")
    for name, found in networks.items():
        path = f"networks.{name}"
        network = ledger.mapping(path, found)
        ledger.keys(f"{path}.", network, ("internal", "ipam", "labels"))
        ledger.hold(f"{path}.internal", network.get("internal") is True, "must be true")
        own = {"config": [{"subnet": facts.subnet}]}
        ledger.hold(f"{path}.ipam", network.get("ipam") == own, f"must be the stack's own, {own}")
        labels.check(ledger.hold, f"{path}.labels", network, facts)


def _volumes(ledger: Ledger, document: Mapping[str, Any], facts: Facts) -> None:
    if "volumes" not in document:
        return
    for name, found in ledger.mapping("volumes", document["volumes"]).items():
        path = f"volumes.{name}"  # driver options can mount any path of the host
        volume = ledger.mapping(path, found)
        ledger.keys(f"{path}.", volume, ("name", "labels"))
        own = f"{facts.id}-{name}"  # another name could be another stack's volume
        ledger.hold(f"{path}.name", volume.get("name") == own, f"must be {own!r}")
        labels.check(ledger.hold, f"{path}.labels", volume, facts)


def _secrets(ledger: Ledger, document: Mapping[str, Any], facts: Facts, blueprint: Blueprint) -> None:
    allowed = [f"./{facts.id}/keys.json", *(f"./{facts.id}/secrets/{name}" for name in blueprint.secrets)]
    if "secrets" not in document:
        return
    for name, found in ledger.mapping("secrets", document["secrets"]).items():
        path = f"secrets.{name}"
        secret = ledger.mapping(path, found)
        ledger.keys(f"{path}.", secret, ("file",))
        must = f"must be one of {', '.join(allowed)}"
        ledger.hold(f"{path}.file", secret.get("file") in allowed, must)


def _interpolation(ledger: Ledger, path: str, value: Any) -> None:
    """Refuse a single `$` anywhere: Compose would fill in the environment of whoever runs it."""
    if isinstance(value, str):
        ledger.hold(path or "(top)", "$" not in value.replace("$$", ""), "a '$' must be doubled")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _interpolation(ledger, f"{path}.{key}" if path else str(key), inner)
            _interpolation(ledger, f"{path}.{key}", str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _interpolation(ledger, f"{path}.{index}", inner)
