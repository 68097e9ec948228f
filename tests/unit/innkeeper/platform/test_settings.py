"""What `innkeeper up` takes from its environment."""

import pytest

from innkeeper.platform import settings
from stack_deployer.contract.environment import BadSettings


def test_settings_reach_the_processes_they_are_for() -> None:
    """Lifetimes go to gate and portal, the level of the log to all three."""
    read = settings.read({"SESSION_TIMEOUT_MINUTES": "5", "INNKEEPER_LOG_LEVEL": "debug"})

    assert "5" == read.environment_of("gate")["INNKEEPER_SESSION_TIMEOUT_MINUTES"]
    assert "5" == read.environment_of("portal")["INNKEEPER_SESSION_TIMEOUT_MINUTES"]
    assert {"INNKEEPER_LOG_LEVEL": "debug"} == read.environment_of("worker")
    assert 300 == read.lifetimes.idle


def test_faults_are_told_before_anything_starts() -> None:
    """A misspelt setting and a senseless value are both named."""
    with pytest.raises(BadSettings) as bad:
        settings.read({"INNKEEPER_SESION_MAX_HOURS": "1", "INNKEEPER_SESSION_MAX_HOURS": "0"})

    assert ["INNKEEPER_SESION_MAX_HOURS", "INNKEEPER_SESSION_MAX_HOURS"] == [
        line.partition(":")[0] for line in bad.value.lines
    ]
