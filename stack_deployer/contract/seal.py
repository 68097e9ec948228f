"""Values in Redis that the gate believes: JSON under a MAC, so that a writer in Redis mints nothing.

The MAC covers the purpose and the Redis key too: a value copied to another key, or read for another
purpose, does not open.
"""

import hmac
import json
from typing import Any

_MAC_BYTES = 32


class SealBroken(ValueError):
    """A value whose MAC is wrong: forged, moved, or made under another key."""


class Sealer:
    """Seals and opens the values of one purpose (`session`, `ticket`, `grant`, `route`, `marker`)."""

    def __init__(self, key: bytes, purpose: str) -> None:
        if len(key) < _MAC_BYTES:
            raise ValueError(f"the {purpose} key has {len(key)} bytes, {_MAC_BYTES} are needed")
        self._key = key
        self._purpose = purpose.encode()

    def __repr__(self) -> str:
        return f"Sealer({self._purpose.decode()})"

    def _mac(self, name: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, b"\0".join((self._purpose, name.encode(), payload)), "sha256")

    def seal(self, name: str, value: dict[str, Any]) -> bytes:
        """The bytes to keep under the Redis key `name`."""
        payload = json.dumps(value, separators=(",", ":")).encode()
        return self._mac(name, payload) + payload

    def open(self, name: str, raw: bytes) -> dict[str, Any]:
        """The value that was sealed for the Redis key `name`; raises SealBroken."""
        payload = raw[_MAC_BYTES:]
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac(name, payload)):
            raise SealBroken(f"the value of {name.partition(':')[0]}:… is not ours")
        value = json.loads(payload)
        if not isinstance(value, dict):
            raise SealBroken("a sealed value is an object")
        return value
