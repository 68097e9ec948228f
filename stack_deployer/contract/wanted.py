"""What is wanted: the table `user_apps`, a row a stack, and what the worker says of it.

Portal and CLI write what is wanted; the worker writes status, reason and steps. Removing a stack
clears `live_name`, so that the name is free again, and keeps the row as the record of the removal.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from stack_deployer.contract.names import stack_hosts, stack_name

Goal = Literal["running", "stopped", "removed"]
STATES = (
    "requested", "deploying", "running", "sleeping", "waking", "updating",
    "stopped", "quarantined", "failed", "removing", "removed",
)  # fmt: skip

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

user_apps = sa.Table(
    "user_apps",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),  # opaque: 16 random bytes in hex
    sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("tenant_id", sa.String(36), sa.ForeignKey("tenants.id"), nullable=False, index=True),
    sa.Column("user_handle", sa.String(30), nullable=False),
    sa.Column("tenant_slug", sa.String(30), nullable=False),
    sa.Column("app_name", sa.String(63), nullable=False),  # the stack's readable name
    sa.Column("live_name", sa.String(63), nullable=True, unique=True),  # the same until removed, then NULL
    sa.Column("template", sa.String(30), nullable=False),
    sa.Column("region", sa.String(8), nullable=False),
    sa.Column("machine_id", sa.String(64), nullable=False, default=""),  # the engine that runs it
    sa.Column("hosts", sa.Text, nullable=False),  # JSON list, the dashboard's first
    sa.Column("wanted", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("steps", sa.Text, nullable=False, default="[]"),  # JSON list of {step,state,seconds,message}
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("try_after", sa.Float, nullable=False, default=0.0),  # Unix time, seconds
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One row of user_apps, parsed."""

    id: str
    user_id: str
    tenant_id: str
    user: str
    tenant: str
    name: str
    template: str
    region: str
    machine_id: str
    hosts: tuple[str, ...]
    wanted: Goal
    status: str
    reason: str
    steps: tuple[dict[str, Any], ...]
    attempts: int
    try_after: float
    created_at: float
    updated_at: float

    def as_json(self) -> dict[str, Any]:
        """The stack as people and programs get it: id, name, user, tenant, region, template, state, hosts, …"""
        seconds = sum(step.get("seconds") or 0.0 for step in self.steps)
        return {
            "id": self.id, "name": self.name, "user": self.user, "tenant": self.tenant, "region": self.region,
            "template": self.template, "state": self.status, "hosts": list(self.hosts), "reason": self.reason,
            "seconds": round(seconds, 3), "steps": list(self.steps),
        }  # fmt: skip


class NameTaken(ValueError):
    """A stack whose name another live stack has: `name`, and whose it is."""

    def __init__(self, name: str, user: str, tenant: str) -> None:
        super().__init__(f"the name {name!r} is taken by the stack of user {user!r} in tenant {tenant!r}")
        self.name = name
        self.user = user
        self.tenant = tenant


def _parse(row: sa.Row[Any]) -> Wanted:
    return Wanted(
        id=row.id, user_id=row.user_id, tenant_id=row.tenant_id, user=row.user_handle, tenant=row.tenant_slug,
        name=row.app_name, template=row.template, region=row.region, machine_id=row.machine_id,
        hosts=tuple(json.loads(row.hosts)), wanted=row.wanted, status=row.status, reason=row.reason,
        steps=tuple(json.loads(row.steps)), attempts=row.attempts, try_after=row.try_after,
        created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


async def want(
    conn: AsyncConnection,
    *,
    stack_id: str,
    user_id: str,
    user: str,
    tenant_id: str,
    tenant: str,
    template: str,
    region: str,
    domain: str,
    suffix_region: bool = False,
    suffix_template: bool = False,
) -> Wanted:
    """Record a new wanted stack inside the caller's transaction; raises NameRefused or NameTaken."""
    name = stack_name(user, tenant, region if suffix_region else None, template if suffix_template else None)
    taken = (await conn.execute(sa.select(user_apps).where(user_apps.c.live_name == name))).first()
    if taken is not None:
        raise NameTaken(name, taken.user_handle, taken.tenant_slug)
    now = time.time()
    await conn.execute(
        user_apps.insert().values(
            id=stack_id, user_id=user_id, tenant_id=tenant_id, user_handle=user, tenant_slug=tenant,
            app_name=name, live_name=name, template=template, region=region, machine_id="",
            hosts=json.dumps(stack_hosts(name, domain)), wanted="running", status="requested", reason="",
            steps="[]", attempts=0, try_after=0.0, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    found = await find(conn, stack_id)
    assert found is not None  # noqa: S101  inserted two lines above, in this transaction
    return found


async def find(conn: AsyncConnection, stack_id: str) -> Wanted | None:
    """The stack of that id, removed ones too."""
    row = (await conn.execute(sa.select(user_apps).where(user_apps.c.id == stack_id))).first()
    return _parse(row) if row else None


async def find_named(conn: AsyncConnection, name: str) -> Wanted | None:
    """The live stack of that name."""
    row = (await conn.execute(sa.select(user_apps).where(user_apps.c.live_name == name))).first()
    return _parse(row) if row else None


async def live(conn: AsyncConnection, *, user_id: str | None = None) -> Sequence[Wanted]:
    """All stacks not yet removed, oldest first; of one user when given."""
    query = sa.select(user_apps).where(user_apps.c.live_name.is_not(None)).order_by(user_apps.c.created_at)
    if user_id is not None:
        query = query.where(user_apps.c.user_id == user_id)
    return [_parse(row) for row in await conn.execute(query)]


async def set_goal(conn: AsyncConnection, stack_id: str, goal: Goal) -> None:
    """Ask for a stack to run, stop or go; a failed one starts its tries anew."""
    await conn.execute(
        user_apps.update()
        .where(user_apps.c.id == stack_id, user_apps.c.live_name.is_not(None))
        .values(wanted=goal, attempts=0, try_after=0.0, updated_at=time.time())
    )


async def report(
    conn: AsyncConnection,
    stack_id: str,
    *,
    status: str,
    reason: str = "",
    steps: Sequence[dict[str, Any]] | None = None,
    machine_id: str | None = None,
    attempts: int | None = None,
    try_after: float | None = None,
) -> None:
    """The worker's word on a stack; status `removed` also frees its name."""
    values: dict[str, Any] = {"status": status, "reason": reason, "updated_at": time.time()}
    if steps is not None:
        values["steps"] = json.dumps(list(steps))
    given = {"machine_id": machine_id, "attempts": attempts, "try_after": try_after}
    values |= {name: value for name, value in given.items() if value is not None}
    if status == "removed":
        values["live_name"] = None
    await conn.execute(user_apps.update().where(user_apps.c.id == stack_id).values(**values))
