"""Facts about stack.yml: read strictly, every fault with its path."""

from pathlib import Path

import pytest

from stack_deployer.errors import TemplateRefused
from stack_deployer.template import blueprint
from tests.unit.stack_deployer.inn import HELLO

SOUND = (HELLO / "stack.yml").read_text()


def faults(tmp_path: Path, text: str) -> str:
    """What is said of a template with that stack.yml."""
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "stack.yml").write_text(text)
    with pytest.raises(TemplateRefused) as refused:
        blueprint.read(tmp_path / "hello")
    return str(refused.value)


def test_hello_reads() -> None:
    """The shipped template's own words."""
    found = blueprint.read(HELLO)

    assert ("hello", ["db_password", "jwt_secret"], ["/public"]) == (found.name, found.secrets, found.public)
    assert ["dashboard", "api"] == [route.host for route in found.routes]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("name: hello", "name: other", "stack.yml: name"),
        ("name: hello", "nmae: hello", "stack.yml: nmae"),
        ("title: Hello", "title: 5", "stack.yml: title"),
        ("port: 80}", "port: 99999}", "stack.yml: routes.0.port"),
        ("port: 80}", 'port: "80"}', "stack.yml: routes.0.port"),
        ("host: api", "host: admin", "stack.yml: routes.1.host"),
        ("host: api", "host: dashboard", "routes: must be the dashboard's"),
        ("[/public]", "[/]", "stack.yml: public.0"),
        ("[/public]", "[public]", "stack.yml: public.0"),
        ("[/public]", "[/a/../b]", "stack.yml: public.0"),
        ("[/public]", "[/a%2e]", "stack.yml: public.0"),
        ("origins: []", "origins: [https://a.com/path]", "stack.yml: origins.0"),
        ("origins: []", "origins: ['*']", "stack.yml: origins.0"),
        ("headers: {}", "headers: {Remote-User: password}", "stack.yml: headers.Remote-User"),
        ("headers: {}", "headers: {'Remote User': user}", "stack.yml: headers.Remote User"),
        ("[db_password, jwt_secret]", "[../evil]", "stack.yml: secrets.0"),
        ("[db_password, jwt_secret]", "[a, a]", "secrets: the same name stands twice"),
        ("headers: {}", "headers: {}\nheaders: {}", "key 'headers' twice"),
        ("name: hello", "name: [", "stack.yml:"),
        ("cpus: {default", "cpus: {defualt", "stack.yml: variables.cpus.default"),
    ],
)
def test_faults_lead_with_their_path(tmp_path: Path, old: str, new: str, path: str) -> None:
    """Each fault says where it is."""
    assert old in SOUND
    assert path in faults(tmp_path, SOUND.replace(old, new))


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A directory without stack.yml is no template, and the path is said."""
    with pytest.raises(TemplateRefused, match=r"stack\.yml: cannot be read"):
        blueprint.read(tmp_path)


def test_file_that_is_no_mapping(tmp_path: Path) -> None:
    """An empty stack.yml, or a list, is refused as such."""
    assert "must be a mapping" in faults(tmp_path, "")
