"""Facts about the health check, against real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stack_deployer.engines import health


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that says so to whoever connects; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 503\r\n\r\n", 503),
        (b"", None),
        (b"SSH-2.0-OpenSSH\r\n", None),
        (b"HTTP/1.1 many\r\n", None),
        (b"x" * 200_000, None),
    ],
)
async def test_status(answer: bytes, expected: int | None) -> None:
    """The status is the one answered; whoever does not speak HTTP has none."""
    async with answering(answer) as port:
        assert expected == await health.ask("127.0.0.1", port)


async def test_nobody_there() -> None:
    """Where nobody listens there is no status."""
    async with answering(b"") as port:
        pass

    assert None is await health.ask("127.0.0.1", port)


async def test_silence_has_an_end() -> None:
    """A server that takes the connection and says nothing is not waited for for ever."""
    release = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    assert None is await health.ask("127.0.0.1", port, within=0.1)
    release.set()
    server.close()
    await server.wait_closed()
