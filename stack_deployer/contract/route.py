"""A route: what the gate must know of a host to decide who may enter. The worker writes it, sealed."""

from dataclasses import asdict, dataclass, field
from typing import Any

ROLES = ("viewer", "member", "admin", "owner")  # ascending


@dataclass(frozen=True, slots=True)
class Route:
    """One host of a stack. `hosts` lists all hosts of the stack, the dashboard's first.

    `public` are path prefixes open to everybody (`/health` also covers `/health/x`, not `/healthy`);
    `origins` further origins allowed to call; `headers` maps app header -> one of user, email, name, groups.
    """

    host: str
    stack_id: str
    name: str
    user_id: str
    user: str
    tenant: str
    hosts: tuple[str, ...]
    state: str
    reason: str = ""
    public: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def to_value(self) -> dict[str, Any]:
        """The plain value to seal."""
        return asdict(self)

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> "Route":
        """The route of a sealed value; raises TypeError or KeyError for a foreign shape."""
        plain = dict(value)
        for name in ("hosts", "public", "origins"):
            plain[name] = tuple(plain[name])
        return cls(**plain)
