"""What the gate believes of Redis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack_deployer.contract.seal import SealBroken, Sealer

KEY = bytes(range(32))
SEALER = Sealer(KEY, "session")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
VALUES = st.dictionaries(st.text(), JSON, max_size=4)


@given(st.text(), VALUES)
def test_what_was_sealed_opens(name: str, value: dict[str, object]) -> None:
    """Every JSON object comes back from under the key it was sealed for."""
    assert value == SEALER.open(name, SEALER.seal(name, value))


@given(VALUES, st.data())
def test_a_changed_byte_breaks_the_seal(value: dict[str, object], data: st.DataObject) -> None:
    """No byte of MAC or payload can be altered."""
    raw = bytearray(SEALER.seal("sso:x", value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(SealBroken):
        SEALER.open("sso:x", bytes(raw))


@given(st.binary(max_size=200))
def test_random_bytes_do_not_open(raw: bytes) -> None:
    """Whatever else stands in Redis is refused with the one error that callers expect."""
    with pytest.raises(SealBroken):
        SEALER.open("sso:x", raw)


@pytest.mark.parametrize(
    ("sealer", "name"),
    [(SEALER, "sso:y"), (Sealer(KEY, "ticket"), "sso:x"), (Sealer(b"x" * 32, "session"), "sso:x")],
    ids=["moved", "other purpose", "other key"],
)
def test_a_value_opens_only_where_it_was_sealed_for(sealer: Sealer, name: str) -> None:
    """Another Redis key, another purpose or another installation's key: refused."""
    raw = SEALER.seal("sso:x", {"user_id": "id1"})

    with pytest.raises(SealBroken):
        sealer.open(name, raw)


def test_purpose_and_name_do_not_run_together() -> None:
    """The end of one cannot be read as the beginning of the other."""
    raw = Sealer(KEY, "a").seal("bc", {})

    with pytest.raises(SealBroken):
        Sealer(KEY, "ab").open("c", raw)


def test_a_short_key_is_refused() -> None:
    """A key of fewer than 32 bytes, such as an empty file, seals nothing."""
    with pytest.raises(ValueError, match="0 bytes, 32 are needed"):
        Sealer(b"", "session")


def test_neither_key_nor_name_is_told() -> None:
    """The repr has no key, and the error no more of the Redis key than its prefix."""
    assert repr(SEALER) == "Sealer(session)"
    with pytest.raises(SealBroken) as broken:
        SEALER.open("sso:secretdigest", b"x")
    assert "secretdigest" not in str(broken.value)
