"""Settings as a process reads them at its start."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from stack_deployer.contract.environment import ALIASES, KNOWN, BadSettings, Environment, read


class Settings(Environment):
    """A process with a setting of each sort."""

    domain: str
    redis_port: int = 6379
    redis_password: SecretStr | None = None
    portal_host: str = "127.0.0.1"


def test_a_setting_has_our_name_or_the_founding_one() -> None:
    """Either is read; ours wins where both are set."""
    assert read(Settings, {"INNKEEPER_DOMAIN": "d.example", "REDIS_PORT": "1"}).redis_port == 1
    both = {"INNKEEPER_DOMAIN": "d.example", "REDIS_PORT": "1", "INNKEEPER_REDIS_PORT": "2"}
    assert read(Settings, both).redis_port == 2


def test_founding_names_are_only_those_listed() -> None:
    """A stray `DOMAIN` in somebody's shell sets nothing."""
    with pytest.raises(BadSettings, match="INNKEEPER_DOMAIN: Field required"):
        read(Settings, {"DOMAIN": "d.example"})


def test_a_default_holds_when_nothing_is_set() -> None:
    """Only what has no default must be given."""
    settings = read(Settings, {"INNKEEPER_DOMAIN": "d.example"})

    assert (6379, None, "127.0.0.1") == (settings.redis_port, settings.redis_password, settings.portal_host)


@pytest.mark.parametrize("name", ["INNKEEPER_REDIS_PASSWORD_FILE", "REDIS_PASSWORD_FILE"])
def test_a_secret_may_come_by_file(tmp_path: Path, name: str) -> None:
    """The file's text without its last line end is the value, under either name."""
    (tmp_path / "password").write_text("pa ss\n")

    settings = read(Settings, {"INNKEEPER_DOMAIN": "d.example", name: str(tmp_path / "password")})

    assert settings.redis_password is not None
    assert settings.redis_password.get_secret_value() == "pa ss"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_a_fault(tmp_path: Path, content: bytes | None) -> None:
    """Missing or not text: named, not taken for an empty password."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadSettings, match="REDIS_PASSWORD_FILE: cannot read"):
        read(Settings, {"INNKEEPER_DOMAIN": "d.example", "REDIS_PASSWORD_FILE": str(path)})


@pytest.mark.parametrize("name", ["INNKEEPER_DOMAINN", "INNKEEPER_", "INNKEEPER_SESSION_TIMEOUT", "INNKEEPER_X_FILE"])
def test_an_unknown_setting_is_refused(name: str) -> None:
    """A misspelt setting does not silently leave the default in force."""
    with pytest.raises(BadSettings, match=f"{name}: no setting of that name"):
        read(Settings, {"INNKEEPER_DOMAIN": "d.example", name: "1"})


def test_another_process_s_settings_are_let_be() -> None:
    """One environment file serves all processes."""
    environ = {f"INNKEEPER_{name.upper()}": "1" for name in KNOWN}

    assert read(Settings, environ).domain == "1"


def test_all_faults_are_told_at_once() -> None:
    """One start shows everything that is wrong, a line each."""
    with pytest.raises(BadSettings) as bad:
        read(Settings, {"INNKEEPER_TYPO": "1", "REDIS_PORT": "many", "REDIS_PASSWORD_FILE": "/nonexistent"})

    assert ["INNKEEPER_TYPO", "REDIS_PASSWORD_FILE", "INNKEEPER_DOMAIN", "INNKEEPER_REDIS_PORT"] == [
        line.partition(":")[0] for line in bad.value.lines
    ]


def test_faults_do_not_repeat_values() -> None:
    """A secret set in the wrong place is not printed."""
    with pytest.raises(BadSettings) as bad:
        read(Settings, {"INNKEEPER_TYPO": "planted", "INNKEEPER_REDIS_PORT": "planted"})

    assert "planted" not in str(bad.value)
    assert bad.value.__suppress_context__


def test_settings_do_not_change_and_tell_no_secrets() -> None:
    """They are read once, and their repr is fit for a log."""
    settings = read(Settings, {"INNKEEPER_DOMAIN": "d.example", "REDIS_PASSWORD": "planted"})

    assert "planted" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.domain = "other.example"


def test_every_founding_name_belongs_to_a_known_setting() -> None:
    """An alias is another spelling, never a setting by itself."""
    assert set(ALIASES) <= KNOWN
