"""What the platform runs, and with what."""

from pathlib import Path

import pytest

from innkeeper.platform import programs, state
from innkeeper.platform.ca import make_certificates
from innkeeper.platform.errors import InnError
from innkeeper.platform.keys import PURPOSES, make_keys
from innkeeper.platform.settings import UpSettings
from innkeeper.platform.state import Platform, Record
from stack_deployer.engines.processes import Program


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """A platform whose files are all written, and which does not run."""
    ports = {"redis": 20001, "gate": 20002, "portal": 20003, "traefik_api": 20004}
    platform = Platform(state.claim(tmp_path / "state"), Record(ports=ports))
    platform.layout.make()
    make_keys(platform.layout.keys)
    make_certificates(platform.layout)
    programs.write_configuration(platform)
    return platform


def made(platform: Platform) -> dict[str, Program]:
    return programs.programs(platform, UpSettings())


def test_no_secret_is_in_arguments_or_variables(platform: Platform) -> None:
    """Keys and passwords reach the processes as files: every user of a machine can read arguments."""
    keys = platform.layout.keys
    secrets = [keys.joinpath(f"{purpose}.key").read_bytes().hex() for purpose in PURPOSES]
    secrets.append(platform.layout.redis_password.read_text())

    told = str([(program.argv, sorted(program.env.items())) for program in made(platform).values()])

    assert not [secret for secret in secrets if secret in told]
    assert str(platform.layout.redis_password) in told


def test_a_new_configuration_is_a_new_program(platform: Platform) -> None:
    """A process that runs with an older file is not taken over: its program differs."""
    before = made(platform)
    platform.write(ports=platform.record.ports | {"portal": 20005})
    programs.write_configuration(platform)
    with platform.layout.traefik_yml.open("a") as file:
        file.write("# changed\n")

    after = made(platform)

    changed = {name for name in before if before[name].digest != after[name].digest}
    assert {"traefik", "portal"} == changed


def test_the_gate_believes_loopback_alone(platform: Platform) -> None:
    """Gate and portal answer to Traefik's address and no other."""
    for name in ("gate", "portal"):
        assert "127.0.0.1" == made(platform)[name].env["INNKEEPER_TRUSTED_PEERS"]


def test_traefik_trusts_our_ca_beside_the_systems(platform: Platform) -> None:
    """The CA comes by SSL_CERT_DIR, a list in which the system's own certificates stay."""
    assert f"/etc/ssl/certs:{platform.layout.trust}" == made(platform)["traefik"].env["SSL_CERT_DIR"]


def test_a_missing_program_is_named() -> None:
    """The error says what is missing, where it was looked for, and what installs it."""
    with pytest.raises(InnError, match=r"no-such-server: not installed.*scripts/up"):
        programs.binary("no-such-server")
