"""Labels: what a service may say to Traefik. Labels of all containers merge, so each goes by the stack's id."""

import re
from collections.abc import Callable
from typing import Any

from stack_deployer.template.render import Facts

_OWN = re.compile(
    r"traefik\.http\.(?:routers\.(?P<router>[^.]+)\.(?P<key>rule|service)"
    r"|services\.(?P<service>[^.]+)\.loadbalancer\.server\.port)\Z"
)


def check(hold: Callable[[str, bool, str], None], path: str, service: Any, facts: Facts) -> None:
    """Report through `hold` every label that is not the stack's own to give.

    Middlewares, priorities, entry points and TCP routers are refused like all else that is not listed:
    with them a stack could take another's requests or pass the gate by.
    """
    found = service.get("labels", {}) if isinstance(service, dict) else {}
    if not isinstance(found, dict):
        hold(path, False, "must be a mapping")
        return
    fixed = {"traefik.enable": "true", "innkeeper.installation": facts.installation, "innkeeper.stack": facts.id}
    allowed = [f"{facts.id}-{index}" for index in range(len(facts.hosts))]
    for name, value in found.items():
        where = f"{path}.{name}"
        if name in fixed:
            hold(where, value == fixed[name], f"must be {fixed[name]!r}")
            continue
        own = _OWN.match(str(name))
        if own is None:
            hold(where, False, "is refused: no stack may have it")
            continue
        hold(where, (own["router"] or own["service"]) in allowed, f"must go by the stack's id, {facts.id}-0 or -1")
        if own["key"] == "rule":
            rules = [f"Host(`{host}`)" for host in facts.hosts]
            hold(where, value in rules, f"must be {' or '.join(rules)}")
        elif own["key"] == "service":
            hold(where, value in allowed, "must be a service of this stack")
        else:
            hold(where, str(value).isdigit(), "must be a port")
