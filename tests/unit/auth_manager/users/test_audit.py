"""The audit log."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth_manager.users import audit

from .conftest import audited


async def test_an_event_is_kept_as_told(engine: AsyncEngine) -> None:
    """Who, what, whom, where from and the details come back as they were recorded, in order."""
    async with engine.begin() as conn:
        await audit.record(
            conn, "share", actor="ada", subject="bob", tenant="acme", client="2001:db8::1", role="viewer", wörd="ß"
        )
        await audit.record(conn, "start")

    assert [
        {
            "event": "share", "actor": "ada", "subject": "bob", "tenant": "acme", "client": "2001:db8::1",
            "detail": {"role": "viewer", "wörd": "ß"},
        },
        {"event": "start", "actor": "", "subject": "", "tenant": "", "client": "", "detail": {}},
    ] == await audited(engine)  # fmt: skip


async def test_a_deed_undone_is_not_on_record(engine: AsyncEngine) -> None:
    """The record is in the deed's own transaction: rolled back with it."""

    async def undone() -> None:
        async with engine.begin() as conn:
            await audit.record(conn, "share")
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await undone()

    assert [] == await audited(engine)
