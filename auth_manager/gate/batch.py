"""Joins the reads of requests that arrive together: one MGET for all of a turn of the event loop.

Python's Redis client costs more than Redis and the HTTP layer together; markers, and routes asked for by many,
are then read once. Each read is still sent after its request came, so a sign-out holds from the next request.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

_Waiting = list[tuple[Sequence[str], asyncio.Future[list[bytes | None]]]]


class Batch:
    """Reads keys of one Redis; its errors reach everybody who waits for the read that failed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: _Waiting = []
        self._running: set[asyncio.Task[None]] = set()  # asyncio itself holds tasks by weak references only

    async def get(self, *keys: str) -> list[bytes | None]:
        """The values of the keys, None for each absent one; whoever stops waiting leaves the others their answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[bytes | None]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((keys, future))
        return await future

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._fetch(waiting))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _fetch(self, waiting: _Waiting) -> None:
        keys = list({key: None for wanted, _ in waiting for key in wanted})
        try:
            values: Any = await self._redis.mget(keys)
        except BaseException as error:  # nobody may be left waiting, whatever ends this task
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        found: dict[str, bytes | None] = dict(zip(keys, values, strict=True))
        for wanted, future in waiting:
            if not future.done():
                future.set_result([found[key] for key in wanted])
