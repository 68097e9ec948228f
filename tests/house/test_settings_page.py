"""docs/configuration.md says the defaults that are in force."""

import re
from pathlib import Path

import pytest

from auth_manager.gate.settings import GateSettings
from auth_manager.portal.settings import PortalSettings
from stack_deployer.contract.environment import Environment
from stack_deployer.settings import WorkerSettings

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ROW = re.compile(r"^\| `INNKEEPER_(\w+)` \|[^|]*\| ([^|]*)\|", re.MULTILINE)
UNSAID = {"trusted_peers": "nobody"}  # a default that words say better


@pytest.mark.parametrize("model", [GateSettings, PortalSettings, WorkerSettings])
def test_the_page_says_each_default(model: type[Environment]) -> None:
    """The default of every setting on the page is the one its process takes; where there is none, none is said."""
    said = {name.lower(): default.strip().strip("`") for name, default in ROW.findall(PAGE)}
    taken = {
        name: UNSAID.get(name, "" if field.is_required() or field.default is None else str(field.default))
        for name, field in model.model_fields.items()
    }

    assert taken == {name: said[name] for name in taken}
