"""Waiting for a fact that comes true by itself."""

import asyncio
from collections.abc import Callable

LIMIT = 20  # seconds: only a fact that never comes true takes so long


async def eventually(fact: Callable[[], object]) -> None:
    """Return once the fact holds; raises TimeoutError when it never does."""
    async with asyncio.timeout(LIMIT):
        while True:
            if fact():
                return
            await asyncio.sleep(0.02)
