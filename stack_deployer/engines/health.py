"""The health check of a service: one GET of its `/health`."""

import asyncio

PATH = "/health"


async def ask(host: str, port: int, *, within: float = 2.0) -> int | None:
    """The status it answers with; None when nothing that speaks HTTP answers within so many seconds."""
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                words = (await reader.readline()).split(maxsplit=2)
            finally:
                writer.close()
    except (OSError, ValueError):  # TimeoutError is an OSError; ValueError: an endless line
        return None
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return None
    return int(words[1])
