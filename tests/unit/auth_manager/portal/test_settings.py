"""The portal's settings."""

from pathlib import Path

import pytest

from auth_manager.portal.settings import PortalSettings
from stack_deployer.contract.environment import BadSettings, read

GOOD = {
    "INNKEEPER_DOMAIN": "inn.localhost",
    "INNKEEPER_KEYS_DIR": "/keys",
    "INNKEEPER_DATABASE_URL": "postgresql://u:planted@db/x",
    "INNKEEPER_REDIS_PASSWORD": "planted",
}


def test_what_is_needed_is_enough() -> None:
    """Domain, keys and database are all that must be given; nobody is trusted by default."""
    settings = read(PortalSettings, GOOD)

    assert () == settings.trusted_peers
    assert "https://auth.inn.localhost" == settings.site.portal
    assert (60, 12, 365) == (settings.session_timeout_minutes, settings.session_max_hours, settings.token_expiry_days)


def test_founding_names_are_taken(tmp_path: Path) -> None:
    """The founding names work, and secrets come from files, too."""
    (tmp_path / "url").write_text("sqlite:////x.db\n")
    environ = {
        "INNKEEPER_DOMAIN": "inn.localhost", "INNKEEPER_KEYS_DIR": "/keys", "DATABASE_URL_FILE": str(tmp_path / "url"),
        "SESSION_TIMEOUT_MINUTES": "5", "REDIS_HOST": "redis", "LOG_LEVEL": "debug",
        "INNKEEPER_TRUSTED_PEERS": "10.0.0.0/8,::1",
    }  # fmt: skip

    settings = read(PortalSettings, environ)

    assert (5, "redis", "debug", 2) == (
        settings.session_timeout_minutes, settings.redis_host, settings.log_level, len(settings.trusted_peers),
    )  # fmt: skip
    assert "sqlite:////x.db" == settings.database_url.get_secret_value()


def test_secrets_are_not_in_the_repr() -> None:
    """Printing the settings prints no secret."""
    assert "planted" not in repr(read(PortalSettings, GOOD))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOMAIN", "Inn"), ("DOMAIN", "localhost"), ("PUBLIC_SCHEME", "ftp"), ("PUBLIC_PORT", "0"),
        ("PORTAL_PORT", "70000"),
        ("TRUSTED_PEERS", "everybody"), ("TRUSTED_PEERS", "10.0.0.1/8"), ("SESSION_TIMEOUT_MINUTES", "0"),
        ("SESSION_MAX_HOURS", "x"),
        ("LOG_LEVEL", "loud"), ("REDIS_PORT", ""),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    """What is wrong is named, and its neighbours' secrets are not."""
    with pytest.raises(BadSettings) as bad:
        read(PortalSettings, GOOD | {f"INNKEEPER_{name}": value})

    assert any(line.startswith(f"INNKEEPER_{name}: ") for line in bad.value.lines)
    assert "planted" not in str(bad.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    """An empty environment names every setting that must be given."""
    with pytest.raises(BadSettings) as bad:
        read(PortalSettings, {})

    assert {"INNKEEPER_DOMAIN", "INNKEEPER_KEYS_DIR", "INNKEEPER_DATABASE_URL"} == {
        line.partition(":")[0] for line in bad.value.lines
    }
