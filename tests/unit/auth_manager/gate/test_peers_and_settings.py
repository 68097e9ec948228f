"""Whom the gate trusts, and what it is told from outside."""

from pathlib import Path

import pytest

from auth_manager.__main__ import run
from auth_manager.gate.peers import Peers
from auth_manager.gate.settings import GateSettings
from stack_deployer.contract import environment
from stack_deployer.contract.environment import BadSettings

SOUND = {
    "INNKEEPER_DOMAIN": "inn.test", "INNKEEPER_KEYS_DIR": "/k", "INNKEEPER_GATE_CERTIFICATE": "/c",
    "INNKEEPER_GATE_CERTIFICATE_KEY": "/p",
}  # fmt: skip


def read(**changed: str) -> GateSettings:
    """The settings of a sound environment with those changes; names in lower case, without the prefix."""
    return environment.read(
        GateSettings, SOUND | {f"INNKEEPER_{name.upper()}": value for name, value in changed.items()}
    )


def test_nobody_is_trusted_by_default() -> None:
    """Without a list no peer is trusted, not even this machine."""
    assert "127.0.0.1" not in Peers(read().trusted_peers)


def test_trusted_peers() -> None:
    """Addresses and networks are trusted, IPv4 in its IPv6 form too; their neighbours and non-addresses are not."""
    peers = Peers(read(trusted_peers="127.0.0.1, 10.1.0.0/16,fd00::/8").trusted_peers)

    assert all(peer in peers for peer in ("127.0.0.1", "10.1.2.3", "::ffff:10.1.2.3", "fd00::1"))
    assert not any(
        peer in peers for peer in ("127.0.0.2", "10.2.0.1", "::1", "::ffff:10.2.0.1", "", "localhost", "127.0.0.1 ")
    )


def test_many_strangers_do_not_fill_memory() -> None:
    """Whoever asks from ever new addresses is refused each time, and the trusted peer still answered."""
    peers = Peers(read(trusted_peers="127.0.0.1").trusted_peers)

    assert not any(f"10.0.{high}.{low}" in peers for high in range(8) for low in range(256))
    assert "127.0.0.1" in peers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trusted_peers", "10.0.0.1/8"), ("trusted_peers", "localhost"), ("trusted_peers", "*"),
        ("domain", "inn"), ("domain", "Inn.test"), ("public_scheme", "ftp"), ("public_port", "0"),
        ("server_port", "http"), ("session_timeout_minutes", "0"), ("log_level", "loud"),
    ],
)  # fmt: skip
def test_bad_setting_is_named(name: str, value: str) -> None:
    """A setting that cannot be is refused by its name."""
    with pytest.raises(BadSettings, match=f"INNKEEPER_{name.upper()}"):
        read(**{name: value})


def test_password_is_not_in_repr(tmp_path: Path) -> None:
    """Printed settings do not show the Redis password."""
    (tmp_path / "p").write_text("planted\n")
    settings = read(redis_password_file=str(tmp_path / "p"))

    assert "planted" not in repr(settings)
    assert settings.redis_password is not None
    assert "planted" == settings.redis_password.get_secret_value()


def test_wrong_settings_end_the_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With settings or files missing the gate does not start: exit code 2 and every fault a line."""
    assert 2 == run(["gate"])
    assert "INNKEEPER_DOMAIN" in capsys.readouterr().err

    for name, value in SOUND.items():
        monkeypatch.setenv(name, value)
    assert 2 == run(["gate"])
    said = capsys.readouterr().err
    assert "INNKEEPER_KEYS_DIR: cannot read /k/session.key" in said
    assert "INNKEEPER_GATE_CERTIFICATE: cannot read /c" in said
