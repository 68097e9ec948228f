"""Keys are made once and kept."""

import json
from pathlib import Path

import pytest

from innkeeper.platform import keys
from innkeeper.platform.errors import InnError


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_every_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Each purpose has a key of 32 bytes of its own, and no file can be read by others."""
    keys.make_keys(tmp_path)

    made = contents(tmp_path)
    assert 5 == len({made[f"{purpose}.key"] for purpose in keys.PURPOSES})
    assert {32} == {len(made[f"{purpose}.key"]) for purpose in keys.PURPOSES}
    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert "PRIVATE" not in made["assertion.jwks.json"].decode()


def test_keys_that_are_there_stay(tmp_path: Path) -> None:
    """Made again, every file is as it was: nobody is signed out by a second start."""
    keys.make_keys(tmp_path)
    before = contents(tmp_path)

    keys.make_keys(tmp_path)

    assert before == contents(tmp_path)


def test_what_a_kill_left_out_is_made(tmp_path: Path) -> None:
    """A missing key is made without touching the others, and the public keys follow the private one."""
    keys.make_keys(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "ticket.key").unlink()
    (tmp_path / "assertion.pem").unlink()

    keys.make_keys(tmp_path)

    after = contents(tmp_path)
    changed = {name for name in after if before[name] != after[name]}
    assert {"ticket.key", "assertion.pem", "assertion.jwks.json"} == changed
    assert 1 == len(json.loads(after["assertion.jwks.json"])["keys"])


@pytest.mark.parametrize(("name", "content"), [("session.key", b"short"), ("assertion.pem", b"no key")])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    """A truncated key stops the start and is left for the operator to look at."""
    keys.make_keys(tmp_path)
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InnError, match=name):
        keys.make_keys(tmp_path)

    assert content == (tmp_path / name).read_bytes()
