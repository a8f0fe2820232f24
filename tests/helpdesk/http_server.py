"""A real HTTP server on a port of its own: a function answers every request, or hangs up instead."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, Self

import h11


class Asked(NamedTuple):
    """A request as it came: `target` is the path and query with its percent-encoding."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """An answer. `body` None hangs up before answering."""

    status: int = 200
    body: bytes | None = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


HANG_UP = Reply(body=None)


class HttpServer:
    """Runs within `async with`. What is under way at its end is cancelled."""

    def __init__(self, answer: Callable[[Asked], Awaitable[Reply]]) -> None:
        self._answer = answer
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            asked = await _read(reader)
            reply = await self._answer(asked) if asked is not None else HANG_UP
            if reply.body is None:
                writer.transport.abort()
            else:
                # Whoever has read enough hangs up.
                with suppress(ConnectionError):
                    writer.write(_written(reply, reply.body))
                    await writer.drain()
        except asyncio.CancelledError:
            # The end of the server; a task that asyncio's streams have started may not end as cancelled.
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    connection = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(65_536)
            if not data and head is None:
                return None
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            break
    assert head is not None
    headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
    return Asked(head.method.decode(), head.target.decode(), headers, bytes(body))


def _written(reply: Reply, body: bytes) -> bytes:
    headers = [*reply.headers, ("Connection", "close")]
    if reply.status != 204 and not any(name == "Content-Length" for name, _ in headers):
        headers.append(("Content-Length", str(len(body))))
    connection = h11.Connection(h11.SERVER)
    head = h11.Response(status_code=reply.status, headers=[(name.encode(), value.encode()) for name, value in headers])
    return (connection.send(head) or b"") + (body if reply.status != 204 else b"")
