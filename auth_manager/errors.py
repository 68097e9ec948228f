"""What is told to the person or program that asked, each error with the data to tell it.

AuthError
├── FieldRefused     one field cannot be taken as it is, and why
├── FieldsRefused    the same for a whole form, all fields at once
└── Busy             too much is asked at once: again in `retry_after` seconds

Redis and SQL errors are not among them: they pass through, and the edge answers 503.
"""

from collections.abc import Mapping


class AuthError(Exception):
    """The caller must act; nothing is broken, and nothing was changed."""


class FieldRefused(AuthError):
    """A field of a form that cannot be taken: `field`, `why` in words for people, `taken` when another has it.

    The refused value is not kept: it may be a password.
    """

    def __init__(self, field: str, why: str, *, taken: bool = False) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
        self.taken = taken


class FieldsRefused(AuthError):
    """All refused fields of a form: `fields` maps field to why, `taken` names those that another has."""

    def __init__(self, fields: Mapping[str, str], *, taken: frozenset[str] = frozenset()) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in fields.items()))
        self.fields = dict(fields)
        self.taken = taken


class Busy(AuthError):
    """More work is waiting than will be taken on; `retry_after`: seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too much is asked at once; try again in {retry_after} s")
        self.retry_after = retry_after
