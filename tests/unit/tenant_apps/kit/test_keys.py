"""The file of keys is followed as it changes, and a broken one lets nobody in."""

import json

import pytest

from tenant_apps.kit.identity import NotIdentified, check
from tenant_apps.kit.keys import Keys, KeysUnreadable
from tests.unit.tenant_apps.conftest import ISSUER, STACK, Gate


def test_a_changed_file_is_read_again(gate: Gate) -> None:
    """After a rotation the new key is believed and the old one no longer, without a restart."""
    keys, old = Keys(gate.file), gate.sign()
    check(old, keys(), issuer=ISSUER, audience=STACK)

    new = gate.rotated().sign()

    assert "anna" == check(new, keys(), issuer=ISSUER, audience=STACK).user
    with pytest.raises(NotIdentified):
        check(old, keys(), issuer=ISSUER, audience=STACK)


def test_two_keys_overlap(gate: Gate) -> None:
    """While the file lists two keys, assertions of both are believed."""
    old, listed = gate.sign(), json.loads(gate.file.read_text())["keys"]
    new = gate.rotated().sign()
    both = listed + json.loads(gate.file.read_text())["keys"]
    gate.file.write_text(json.dumps({"keys": both}))
    keys = Keys(gate.file)

    assert ["anna", "anna"] == [check(one, keys(), issuer=ISSUER, audience=STACK).user for one in (old, new)]


def test_an_unchanged_file_is_read_once(gate: Gate) -> None:
    """As long as the file stays the same its keys are not parsed again."""
    keys = Keys(gate.file)

    assert keys() is keys()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": 1}', "\xff", '{"keys": [{"kid": "a", "kty": "OKP", "crv": "Ed25519"}]}']
)
def test_a_file_that_is_no_key_set_is_said_to_be_so(gate: Gate, content: str) -> None:
    """Neither the keys read before nor none at all are used in place of a broken file."""
    keys = Keys(gate.file)
    keys()
    gate.file.write_bytes(content.encode("latin-1"))

    with pytest.raises(KeysUnreadable, match=r"keys\.json"):
        keys()


def test_a_missing_file_is_said_to_be_so(gate: Gate) -> None:
    """Without the file there are no keys."""
    keys = Keys(gate.file)
    gate.file.unlink()

    with pytest.raises(KeysUnreadable):
        keys()


def test_keys_of_another_kind_are_left_out(gate: Gate) -> None:
    """A shared secret in the set is no key to check with."""
    document = json.loads(gate.file.read_text())
    document["keys"].append({"kid": "shared", "kty": "oct", "k": "c2VjcmV0"})
    gate.file.write_text(json.dumps(document))

    assert "shared" not in Keys(gate.file)()
