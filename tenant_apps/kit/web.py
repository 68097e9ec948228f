"""The identity of a Starlette request or WebSocket."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from tenant_apps.kit.identity import HEADER, AuthUser, NotIdentified, check
from tenant_apps.kit.keys import Keys, KeysUnreadable


class Identity:
    """Checks callers of one stack's app; see `from_environment` for where it all comes from."""

    def __init__(self, keys: Keys, *, audience: str, issuer: str | None = None) -> None:
        self._keys = keys
        self._audience = audience
        self._issuer = issuer

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Identity":
        """From INNKEEPER_KEYS_FILE, INNKEEPER_STACK_ID and, when set, INNKEEPER_ISSUER; raises KeyError naming one."""
        return cls(
            Keys(Path(environ["INNKEEPER_KEYS_FILE"])),
            audience=environ["INNKEEPER_STACK_ID"],
            issuer=environ.get("INNKEEPER_ISSUER") or None,
        )

    def of(self, connection: HTTPConnection) -> AuthUser:
        """The caller of this request or WebSocket; raises NotIdentified, KeysUnreadable."""
        sent = connection.headers.getlist(HEADER)
        if len(sent) != 1:
            raise NotIdentified("there is no assertion" if not sent else "there is more than one assertion")
        return check(sent[0], self._keys(), issuer=self._issuer, audience=self._audience)


@cache
def _process_identity() -> Identity:
    return Identity.from_environment()


def auth_user(connection: HTTPConnection) -> AuthUser:
    """The caller, by the process's environment; raises HTTPException 401, or 503 when the keys cannot be read."""
    try:
        return _process_identity().of(connection)
    except NotIdentified as error:
        raise HTTPException(401, str(error)) from None
    except KeysUnreadable:
        raise HTTPException(503, "the keys to check identities with cannot be read") from None
