"""Facts about checking a template as a whole."""

from pathlib import Path

import pytest

from stack_deployer.errors import PolicyRefused, TemplateRefused
from stack_deployer.template.check import check
from tests.unit.stack_deployer.inn import HELLO


def template(tmp_path: Path, old: str = "", new: str = "") -> Path:
    """A copy of hello with one change to its Compose file."""
    directory = tmp_path / "hello"
    directory.mkdir()
    (directory / "stack.yml").write_text((HELLO / "stack.yml").read_text())
    source = (HELLO / "compose.yml.j2").read_text()
    assert old in source
    (directory / "compose.yml.j2").write_text(source.replace(old, new))
    return directory


def test_shipped_template_is_fine() -> None:
    """hello passes its own check."""
    assert "dashboard" in check(HELLO).document["services"]


@pytest.mark.parametrize("place", ['"{{ variables.image }}"', "x{{ variables.image }}", "'{{ variables.image }}'"])
def test_value_inside_other_text_is_found(tmp_path: Path, place: str) -> None:
    """A value inside quotes or beside other text is told, though the default happens to render well."""
    with pytest.raises(TemplateRefused, match=r"compose\.yml\.j2"):
        check(template(tmp_path, "image: {{ variables.image }}", f"image: {place}"))


def test_value_that_becomes_a_key_is_found(tmp_path: Path) -> None:
    """A filter that undoes the quoting is told with the variable's name."""
    spoilt = "image: {% if 'privileged' in variables.image %}[x]{% else %}x{% endif %}"
    with pytest.raises(TemplateRefused, match=r"variables\.image: stands inside quotes"):
        check(template(tmp_path, "image: {{ variables.image }}", spoilt))


def test_policy_is_part_of_it(tmp_path: Path) -> None:
    """A template that asks for what no stack may have is refused by the policy."""
    with pytest.raises(PolicyRefused, match=r"services\.dashboard\.privileged"):
        check(template(tmp_path, "init: true", "init: true\n    privileged: true"))
