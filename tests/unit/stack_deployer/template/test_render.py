"""Facts about rendering: the golden stacks, and values that must not become structure."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stack_deployer.contract.names import MAX_SLUG, NameRefused, Site, slug, stack_hosts, stack_name
from stack_deployer.errors import TemplateRefused
from stack_deployer.template import blueprint
from stack_deployer.template.blueprint import UniqueLoader
from stack_deployer.template.check import AWKWARD, SAMPLE
from stack_deployer.template.render import Facts, render, scalar, values
from tests.unit.stack_deployer.inn import HELLO, ROOT
from tests.unit.stack_deployer.template.test_policy import refused

GOLDEN = ROOT / "tests" / "golden" / "hello"
HELLO_PLAN = blueprint.read(HELLO)


def _is_slug(text: str) -> bool:
    try:
        return bool(slug(text))
    except NameRefused:
        return False


slugs = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,6}){0,2}", fullmatch=True).filter(
    lambda text: len(text) <= MAX_SLUG and _is_slug(text)
)
domains = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){1,3}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def facts_of(user: str, tenant: str, domain: str) -> Facts:
    """What a stack of theirs would be rendered for."""
    name = stack_name(user, tenant)
    hosts = stack_hosts(name, domain)
    return replace(SAMPLE, name=name, user=user, tenant=tenant, hosts=hosts, site=Site(domain))


@pytest.mark.parametrize(
    ("user", "tenant", "domain"), [("user1", "tenant1", "example.com"), ("demo", "demo", "inn.localhost")]
)
def test_golden_stacks(user: str, tenant: str, domain: str) -> None:
    """The template hello renders to the golden files, byte for byte."""
    facts = facts_of(user, tenant, domain)
    rendered = render(HELLO, values(facts, HELLO_PLAN))

    assert (GOLDEN / f"{facts.name}-compose.yml").read_text() == rendered.text


@given(user=slugs, tenant=slugs, domain=domains, image=texts, memory=texts)
def test_values_change_their_leaves_alone(user: str, tenant: str, domain: str, image: str, memory: str) -> None:
    """For any user, tenant, domain and variable, the parsed document is the golden one but for the given leaves."""
    facts = facts_of(user, tenant, domain)
    given_values = {"image": image, "memory": memory}
    document = yaml.safe_load(render(HELLO, values(facts, HELLO_PLAN, given_values)).text)

    expected = yaml.safe_load((GOLDEN / "user1-tenant1-compose.yml").read_text())
    service = expected["services"]["dashboard"]
    expected["name"] = facts.name
    service["image"], service["mem_limit"] = image.replace("$", "$$"), memory.replace("$", "$$")
    service["environment"]["INNKEEPER_ISSUER"] = facts.site.portal
    service["environment"]["INNKEEPER_ORIGINS"] = ",".join(facts.site.origin(host) for host in facts.hosts)
    for index, host in enumerate(facts.hosts):
        service["labels"][f"traefik.http.routers.{facts.id}-{index}.rule"] = f"Host(`{host}`)"
    assert expected == document


@given(value=st.none() | st.booleans() | st.integers() | texts)
def test_scalar_is_read_back(value: str | int | bool | None) -> None:
    """Every scalar is read by YAML as what it was, wherever a value may stand, and `$` doubled."""
    meant = value.replace("$", "$$") if isinstance(value, str) else value

    read = yaml.safe_load(f"plain: {scalar(value)}\nlist: [{scalar(value)}, 1]\nlast: {scalar(value)} # more\n")
    assert {"plain": meant, "list": [meant, 1], "last": meant} == read


@given(value=texts)
def test_scalar_never_ends_a_line_or_a_quote(value: str) -> None:
    """Not even within single quotes or a comment does a value get out of its place."""
    read = yaml.safe_load(f"quoted: '{scalar(value)}'\nend: 1 # {scalar(value)}\n")

    assert {"quoted", "end"} == set(read)


@pytest.mark.parametrize("value", ["\ud800", 1.5, [1], {"a": 1}, b"x"])
def test_what_is_no_scalar_is_refused(value: Any) -> None:
    """Lists, numbers with a point and halves of characters do not come out as anything."""
    with pytest.raises(TemplateRefused):
        scalar(value)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("name: {{ nobody }}", "'nobody' is undefined"),
        ("name: {{ stack.nothing }}", "nothing"),
        ("name: {% if %}", "compose.yml.j2:1"),
        ("name: x\nname: y", "compose.yml.j2:2:1: key 'name' twice"),
        ("name: 'a", "compose.yml.j2:"),
        ("- a list", "must be a mapping"),
        ("name: {{ 1 / 0 }}", "division by zero"),
        ("name: {{ stack.__class__.__mro__ }}", "unsafe"),
        ("name: {{ hosts }}", "list"),
    ],
)
def test_faults_of_a_template_are_named(tmp_path: Path, source: str, fault: str) -> None:
    """What cannot be rendered is refused with file, line or name; nothing undefined renders as nothing."""
    (tmp_path / "compose.yml.j2").write_text(source)
    with pytest.raises(TemplateRefused) as fault_found:
        render(tmp_path, values(SAMPLE, HELLO_PLAN))

    assert fault in str(fault_found.value)


def test_unknown_and_mistyped_variables_are_refused_together() -> None:
    """A variable that the template does not have, or of another type than its default, is named."""
    with pytest.raises(TemplateRefused) as found:
        values(SAMPLE, HELLO_PLAN, {"imgae": "x", "memory": 128})

    assert ("variables.imgae", "variables.memory") == tuple(line.split(":")[0] for line in found.value.faults)


def test_written_file_is_what_the_policy_saw() -> None:
    """The text parses to the very document that was checked, without anchors, merges or doubtful words."""
    rendered = render(HELLO, values(SAMPLE, HELLO_PLAN, {"image": "no"}))

    assert rendered.document == yaml.load(rendered.text, Loader=UniqueLoader)  # noqa: S506  a SafeLoader
    assert '"image": "no"' in rendered.text
    assert "&id" not in rendered.text


def test_digest_follows_the_text() -> None:
    """Another value means another digest, the same ones the same."""
    first, again = (render(HELLO, values(SAMPLE, HELLO_PLAN)) for _ in range(2))

    assert first.digest == again.digest
    assert first.digest != render(HELLO, values(SAMPLE, HELLO_PLAN, {"image": "other"})).digest


@given(value=texts)
def test_variables_pass_the_policy_or_are_refused_by_it(value: str) -> None:
    """No variable's value gets past the policy by becoming another key."""
    document = render(HELLO, values(SAMPLE, HELLO_PLAN, {"memory": value, "image": AWKWARD})).document

    assert set(refused(document)) <= {"services.dashboard.mem_limit"}
