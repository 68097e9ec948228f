"""`stack.yml`: what a template says of itself, checked before anything is rendered."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stack_deployer.errors import TemplateRefused

Scalar = str | int | bool
FILE = "stack.yml"

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_TEMPLATE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", re.ASCII)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?\Z", re.ASCII)


def _word(text: str) -> str:
    if not _WORD.match(text):
        raise ValueError("must be lower-case letters, digits and underscores, a letter first")
    return text


def _header(text: str) -> str:
    if not _HEADER.match(text):
        raise ValueError("must be a header name of letters, digits and hyphens")
    return text


def _prefix(path: str) -> str:
    if not path.startswith("/") or path == "/" or re.search(r"//|[\\%;?#\s]|/\.\.?(/|\Z)", path):
        raise ValueError("must be a plain path below '/', as '/public'")  # '/' alone would open the whole stack
    return path


def _origin(text: str) -> str:
    if not _ORIGIN.match(text):
        raise ValueError("must be an origin, as 'https://example.com'")
    return text


Word = Annotated[str, AfterValidator(_word)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Variable(_Strict):
    """One value that the platform's operator may change; its type is that of its default."""

    default: Scalar
    description: str = ""


class Exposed(_Strict):
    """One host of the stack and the service that answers there."""

    host: Literal["dashboard", "api"]
    service: str
    port: int = Field(ge=1, le=65535)


class Blueprint(_Strict):
    """What `stack.yml` declares. `public` are path prefixes, `headers` map app header -> identity."""

    name: str
    title: str
    description: str = ""
    variables: dict[Word, Variable] = {}
    secrets: list[Word] = []
    routes: list[Exposed]
    public: list[Annotated[str, AfterValidator(_prefix)]] = []
    origins: list[Annotated[str, AfterValidator(_origin)]] = []
    headers: dict[Annotated[str, AfterValidator(_header)], Literal["user", "email", "name", "groups"]] = {}

    @model_validator(mode="after")
    def _whole(self) -> "Blueprint":
        if not _TEMPLATE.match(self.name) or len(self.name) > 30:
            raise ValueError("name: must be a slug of at most 30 characters")
        if [route.host for route in self.routes] != ["dashboard", "api"]:
            raise ValueError("routes: must be the dashboard's and the api's, one each, in this order")
        if len(set(self.secrets)) != len(self.secrets):
            raise ValueError("secrets: the same name stands twice")
        return self


class UniqueLoader(yaml.SafeLoader):
    """PyYAML's safe loader that refuses a key given twice: readers differ on which one counts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(text: str, name: str) -> Any:
    """The YAML of a file called `name` for people; raises TemplateRefused with line and column."""
    try:
        return yaml.load(text, Loader=UniqueLoader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise TemplateRefused([f"{where}: {getattr(error, 'problem', None) or error}"]) from None


def read(directory: Path) -> Blueprint:
    """The blueprint of the template in `directory`; raises TemplateRefused with every fault, path first."""
    path = directory / FILE
    try:
        plain = parse(path.read_text(encoding="utf-8"), FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateRefused([f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"]) from None
    if not isinstance(plain, dict):
        raise TemplateRefused([f"{FILE}: must be a mapping"])
    try:
        found = Blueprint.model_validate(plain)
    except ValidationError as error:
        raise TemplateRefused([_fault(fault) for fault in error.errors()]) from None
    if found.name != directory.name:
        raise TemplateRefused([f"{FILE}: name: is {found.name!r}, the directory's is {directory.name!r}"])
    return found


def _fault(fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"] if part not in ("str", "int", "bool", "[key]"))
    return ": ".join(part for part in (FILE, path, fault["msg"].removeprefix("Value error, ")) if part)
