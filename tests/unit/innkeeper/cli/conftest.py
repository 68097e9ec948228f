"""A running platform for the commands."""

from collections.abc import Iterator

import pytest

from tests.conftest import free_port
from tests.scenarios.conftest import Inn


@pytest.fixture(scope="session")
def inn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inn]:
    """One platform for all commands under test."""
    inn = Inn(tmp_path_factory.mktemp("commands") / "state", free_port())
    inn.up()
    yield inn
    inn.run("down", check=False)
