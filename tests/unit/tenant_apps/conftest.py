"""Assertions as the gate signs them, and the file of keys as the worker puts it beside an app."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from auth_manager.sessions.assertion import Signer, jwks, make_key
from auth_manager.sessions.session import Session
from stack_deployer.contract.route import Route

STACK = "5f0e"
ISSUER = "http://auth.inn.localhost:8080"
HOSTS = ("anna.inn.localhost", "api-anna.inn.localhost")


@dataclass(frozen=True)
class Gate:
    """Signs for `anna`, and keeps the file of its public keys."""

    pem: bytes
    file: Path

    def sign(
        self, *, stack: str = STACK, role: str = "owner", at: float | None = None, ends: float | None = None
    ) -> str:
        now = time.time() if at is None else at
        session = Session(
            kind="host", digest="d", user_id="0192", user="anna", email="anna@example.com", sso="s", host=HOSTS[0],
            stack_id=stack, created=now, expires=now + 3600 if ends is None else ends,
        )  # fmt: skip
        route = Route(
            host=HOSTS[0], stack_id=stack, name="anna", user_id="0192", user="anna", tenant="acme", hosts=HOSTS,
            state="running",
        )  # fmt: skip
        return Signer(self.pem, ISSUER, clock=lambda: now).sign(session=session, route=route, role=role)

    def rotated(self) -> "Gate":
        """The same with a new key, its file written."""
        return replace(self, pem=make_key()).write()

    def write(self) -> "Gate":
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(jwks(self.pem)))
        draft.replace(self.file)
        return self


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(make_key(), tmp_path / "keys.json").write()
