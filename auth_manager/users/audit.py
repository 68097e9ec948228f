"""The record of who did what, kept with the deed: in the same transaction, so that neither is there alone."""

import json
import time
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from auth_manager.users.tables import audit_events


async def record(
    conn: AsyncConnection,
    event: str,
    *,
    actor: str = "",
    subject: str = "",
    tenant: str = "",
    client: str = "",
    **detail: Any,
) -> None:
    """Add one event; `actor` is a handle, `client` an address, `detail` plain values and never a secret.

    What fails here fails the caller's transaction: no deed without its record.
    """
    await conn.execute(
        audit_events.insert().values(
            at=time.time(), event=event, actor=actor, subject=subject, tenant=tenant, client=client[:64],
            detail=json.dumps(detail, sort_keys=True),
        )
    )  # fmt: skip
