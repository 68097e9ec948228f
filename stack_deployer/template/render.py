"""Rendering: the Compose file as Jinja2, in which each `{{ value }}` comes out as one JSON scalar."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from stack_deployer.contract.names import Site
from stack_deployer.errors import TemplateRefused
from stack_deployer.template import blueprint
from stack_deployer.template.blueprint import Blueprint, Scalar

FILE = "compose.yml.j2"
PLACEHOLDER_SUBNET = "10.213.0.0/28"  # the local engine has no networks; others allocate one a stack

# Characters that YAML would refuse or fold where JSON takes them as they are, and the quote that would
# end a single-quoted scalar the template's author put around a value.
_ESCAPED = re.compile("['\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may know of the stack it is rendered for; no secret is among it."""

    id: str
    name: str
    user_id: str
    user: str
    tenant: str
    region: str
    hosts: tuple[str, ...]
    installation: str
    site: Site
    subnet: str = PLACEHOLDER_SUBNET


@dataclass(frozen=True, slots=True)
class Rendered:
    """A stack's Compose file: `document` as parsed, `text` as written, `digest` of the text."""

    document: dict[str, Any] = field(repr=False)
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def scalar(value: Any) -> str:
    """The value as one JSON scalar that YAML reads alike, `$` doubled for Compose; raises TemplateRefused.

    A value that is no plain scalar (a list, an undefined name, half a surrogate pair) is refused.
    """
    if isinstance(value, jinja2.Undefined):
        str(value)  # StrictUndefined raises, naming the variable
    if not (value is None or isinstance(value, str | int)):
        raise TemplateRefused([f"{FILE}: a value of type {type(value).__name__} is no scalar"])
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise TemplateRefused([f"{FILE}: a value is not Unicode text"]) from None
        value = value.replace("$", "$$")
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def values(facts: Facts, plan: Blueprint, given: Mapping[str, Scalar] | None = None) -> dict[str, Any]:
    """All names a template may use; `given` replaces defaults. Raises TemplateRefused for unknown or mistyped ones."""
    variables: dict[str, Scalar] = {name: variable.default for name, variable in plan.variables.items()}
    faults = []
    for name, value in (given or {}).items():
        if name not in variables:
            faults.append(f"variables.{name}: the template has no such variable")
        elif type(value) is not type(variables[name]):
            faults.append(f"variables.{name}: must be of type {type(variables[name]).__name__}")
        else:
            variables[name] = value
    if faults:
        raise TemplateRefused(faults)
    return {
        "stack": {"id": facts.id, "name": facts.name, "region": facts.region, "subnet": facts.subnet},
        "user": {"id": facts.user_id, "handle": facts.user},
        "tenant": facts.tenant,
        "hosts": list(facts.hosts),
        "origins": ",".join(facts.site.origin(host) for host in facts.hosts),
        "portal": facts.site.portal,
        "domain": facts.site.domain,
        "installation": facts.installation,
        "routes": [route.model_dump() for route in plan.routes],
        "variables": variables,
    }


def render(directory: Path, names: Mapping[str, Any]) -> Rendered:
    """The Compose file of the template in `directory`; raises TemplateRefused, path and line first.

    What is written is the parsed document dumped anew with every text quoted, so that no reader of
    YAML can see another document than the one the policy saw.
    """
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, finalize=scalar, keep_trailing_newline=True, autoescape=False
    )
    try:
        source = (directory / FILE).read_text(encoding="utf-8")
        text = environment.from_string(source).render(names)
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateRefused([f"{directory / FILE}: {getattr(error, 'strerror', None) or error}"]) from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateRefused([f"{FILE}:{error.lineno}: {error.message}"]) from None
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise TemplateRefused([f"{FILE}: {error}"]) from None
    document = blueprint.parse(text, FILE)
    if not isinstance(document, dict):
        raise TemplateRefused([f"{FILE}: must be a mapping"])
    return Rendered(document, dump(document))


class _Quoted(yaml.SafeDumper):
    """Dumps every text double-quoted, and a shared part in full where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def dump(document: Any) -> str:
    """The document as YAML in which nothing is left to a reader's guess."""
    return yaml.dump(document, Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=1000)
