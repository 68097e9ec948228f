"""Facts about the policy: what no rendered stack may have."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack_deployer.errors import PolicyRefused
from stack_deployer.template import blueprint, policy
from stack_deployer.template.check import SAMPLE
from stack_deployer.template.render import render, values
from tests.unit.stack_deployer.inn import HELLO

PLAN = blueprint.read(HELLO)
SOUND = render(HELLO, values(SAMPLE, PLAN)).document
OTHER = "f" * 32


def refused(document: Any) -> list[str]:
    """The paths of all faults."""
    try:
        policy.check(document, SAMPLE, PLAN)
    except PolicyRefused as error:
        return [fault.split(":")[0] for fault in error.faults]
    return []


def changed(path: str, value: Any) -> dict[str, Any]:
    """The sound document with one thing put in, under keys parted by `/`."""
    document = copy.deepcopy(SOUND)
    place = document
    *way, last = path.split("/")
    for key in way:
        place = place.setdefault(key, {})
    place[last] = value
    return document


def test_hello_is_sound() -> None:
    """The shipped template keeps to the policy."""
    assert [] == refused(SOUND)


SERVICE = "services/dashboard"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{SERVICE}/privileged", True),
        (f"{SERVICE}/Privileged", True),
        (f"{SERVICE}/network_mode", "host"),
        (f"{SERVICE}/ports", ["80:80"]),
        (f"{SERVICE}/pid", "host"),
        (f"{SERVICE}/devices", ["/dev/kmsg"]),
        (f"{SERVICE}/env_file", ".env"),
        (f"{SERVICE}/build", "."),
        (f"{SERVICE}/extends", {"file": "/etc/x.yml"}),
        (f"{SERVICE}/volumes_from", ["other"]),
        (f"{SERVICE}/extra_hosts", ["a:host-gateway"]),
        (f"{SERVICE}/cgroup_parent", "/"),
        (f"{SERVICE}/sysctls", {"a": 1}),
        (f"{SERVICE}/userns_mode", "host"),
        (f"{SERVICE}/volumes", ["/var/run/docker.sock:/s"]),
        (f"{SERVICE}/volumes", ["/:/host"]),
        (f"{SERVICE}/volumes", ["../..:/host"]),
        (f"{SERVICE}/volumes", ["~/x:/host"]),
        (f"{SERVICE}/volumes", ["undeclared:/data"]),
        (f"{SERVICE}/volumes", [{"type": "bind", "source": "/", "target": "/x"}]),
        (f"{SERVICE}/cap_add", ["SYS_ADMIN"]),
        (f"{SERVICE}/cap_add", ["ALL"]),
        (f"{SERVICE}/cap_drop", []),
        (f"{SERVICE}/security_opt", ["seccomp:unconfined"]),
        (f"{SERVICE}/read_only", False),
        (f"{SERVICE}/init", False),
        (f"{SERVICE}/user", "0"),
        (f"{SERVICE}/user", "root"),
        (f"{SERVICE}/mem_limit", "0"),
        (f"{SERVICE}/mem_limit", -1),
        (f"{SERVICE}/cpus", "0"),
        (f"{SERVICE}/pids_limit", -1),
        (f"{SERVICE}/pids_limit", True),
        (f"{SERVICE}/tmpfs", ["/tmp"]),
        (f"{SERVICE}/logging", {"driver": "none"}),
        (f"{SERVICE}/logging", {"driver": "json-file", "options": {"max-size": "10m"}}),
        (f"{SERVICE}/healthcheck", {"disable": True}),
        (f"{SERVICE}/healthcheck", {"test": ["NONE"]}),
        (f"{SERVICE}/networks", ["default"]),
        (f"{SERVICE}/networks", {"inside": {"ipv4_address": "10.0.0.1"}}),
        (f"{SERVICE}/secrets", ["undeclared"]),
        (f"{SERVICE}/environment", ["HOME"]),
        (f"{SERVICE}/environment/HOME", None),
        (f"{SERVICE}/environment/HOME", "${HOME}"),
        (f"{SERVICE}/environment/HOME", "$HOME"),
        (f"{SERVICE}/image", ""),
        (f"{SERVICE}/image", "${IMAGE:-x}"),
        (f"{SERVICE}/x-innkeeper", {"kind": "shell"}),
        (f"{SERVICE}/x-innkeeper", {"kind": "program", "run": "os; evil"}),
        (f"{SERVICE}/restart", "always"),
        ("name", "other-stack"),
        ("include", ["/etc/other.yml"]),
        ("configs", {"a": {"file": "/etc/shadow"}}),
        ("secrets/jwt_secret/file", "/etc/shadow"),
        ("secrets/jwt_secret/file", f"./{OTHER}/secrets/jwt_secret"),
        ("secrets/jwt_secret/file", f"./{SAMPLE.id}/secrets/../../{OTHER}/keys.json"),
        ("secrets/jwt_secret/environment", "PATH"),
        ("secrets/other/external", True),
        ("networks/inside/internal", False),
        ("networks/inside/external", True),
        ("networks/inside/driver", "host"),
        ("networks/inside/name", "platform"),
        ("networks/inside/ipam", {"config": [{"subnet": "10.0.0.0/8"}]}),
        ("networks/outside", {"internal": True}),
        ("volumes/data/driver_opts", {"type": "none", "o": "bind", "device": "/"}),
        ("volumes/data/name", f"{OTHER}-data"),
        ("volumes/data/external", True),
    ],
)
def test_what_no_stack_may_have(path: str, value: Any) -> None:
    """Each of these is refused, and by its own path."""
    where = path.replace("/", ".")
    faults = refused(changed(path, value))

    assert [fault for fault in faults if where.startswith(fault) or fault.startswith(where)], faults


LABELS = f"{SERVICE}/labels"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (f"traefik.http.routers.{SAMPLE.id}-0.rule", "Host(`victim.example.com`)"),
        (f"traefik.http.routers.{SAMPLE.id}-0.rule", f"Host(`{SAMPLE.hosts[0]}`) || PathPrefix(`/`)"),
        (f"traefik.http.routers.{OTHER}-0.rule", f"Host(`{SAMPLE.hosts[0]}`)"),
        (f"traefik.http.routers.{SAMPLE.id}-0.priority", "99999"),
        (f"traefik.http.routers.{SAMPLE.id}-0.middlewares", "none"),
        (f"traefik.http.routers.{SAMPLE.id}-0.entrypoints", "dashboard"),
        (f"traefik.http.routers.{SAMPLE.id}-0.service", "api@internal"),
        (f"traefik.http.services.{OTHER}-0.loadbalancer.server.port", "80"),
        (f"traefik.http.services.{SAMPLE.id}-0.loadbalancer.server.url", "http://10.0.0.1"),
        ("traefik.tcp.routers.x.rule", "HostSNI(`*`)"),
        ("TRAEFIK.http.routers.x.rule", "Host(`victim`)"),
        ("innkeeper.stack", OTHER),
        ("innkeeper.installation", "other"),
        ("com.docker.compose.project", "other"),
    ],
)
def test_labels_of_others(name: str, value: str) -> None:
    """Labels of all containers merge: a stack gives none that takes another's requests or passes the gate by."""
    document = changed(LABELS, SOUND["services"]["dashboard"]["labels"] | {name: value})

    assert [f"services.dashboard.labels.{name}"] == refused(document)


@pytest.mark.parametrize("key", ["mem_limit", "cpus", "pids_limit", "logging", "cap_drop", "healthcheck", "init"])
def test_limits_must_be_there(key: str) -> None:
    """A limit that is left out is a fault like one that is too wide."""
    document = copy.deepcopy(SOUND)
    del document["services"]["dashboard"][key]

    assert [f"services.dashboard.{key}"] == refused(document)


def test_all_faults_at_once() -> None:
    """Every fault is told, each with its path first."""
    document = changed(f"{SERVICE}/privileged", True)
    document["services"]["dashboard"]["ports"] = ["80:80"]
    document["name"] = "other"

    assert {"name", "services.dashboard.privileged", "services.dashboard.ports"} == set(refused(document))


def test_route_to_a_service_that_is_not_there() -> None:
    """A route of stack.yml must lead to a service of the Compose file."""
    document = copy.deepcopy(SOUND)
    document["services"]["other"] = document["services"].pop("dashboard")

    assert "stack.yml" in refused(document)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(key=st.sampled_from([*SOUND, "volumes"]), value=plain)
def test_any_document_gets_an_answer(key: str, value: Any) -> None:
    """Whatever stands where a mapping should, the answer is a list of faults, never a crash."""
    refused(SOUND | {key: value})


@given(key=st.sampled_from(sorted(SOUND["services"]["dashboard"])), value=plain)
def test_any_service_gets_an_answer(key: str, value: Any) -> None:
    """The same within a service."""
    refused(changed(f"{SERVICE}/{key}", value))
