"""Stands between a client and a server and forgets connections, as a firewall does that lost its memory: both ends
keep them open, and nothing that is said on them arrives. Toxiproxy cannot: when it lets go of one, both ends are told.
"""

import asyncio
from types import TracebackType
from typing import Self

_BYTES = 1 << 16


class ForgetfulProxy:
    """Forwards to the server at `upstream` (host:port) while it is entered, in this event loop."""

    def __init__(self, upstream: str) -> None:
        host, port = upstream.split(":")
        self._upstream = host, int(port)
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._forgotten: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self.forget()
        for writer in self._forgotten:
            writer.transport.abort()

    @property
    def address(self) -> str:
        """Where clients find it."""
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def forget(self) -> int:
        """Forward nothing more on the connections that are open now; returns how many. New ones are as usual."""
        tasks = list(self._open.values())
        self._forgotten += self._open
        self._open.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks) // 2

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, asked = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.close()
            return
        # What is read from one end is written to the other: whoever writes is known by its writer.
        self._open[asked] = asyncio.create_task(self._forward(reader, asked, writer))
        self._open[writer] = asyncio.create_task(self._forward(answers, writer, asked))

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opposite: asyncio.StreamWriter
    ) -> None:
        try:
            while said := await reader.read(_BYTES):
                writer.write(said)
                await writer.drain()
        except OSError:
            # One end is gone: the other is told, as when it ends in order.
            pass
        for each in (writer, opposite):
            self._open.pop(each, None)
            each.close()
