"""Events from outside into the local log: what the gateway and the feed write with."""

import asyncio
from typing import NamedTuple

from streams.engine.local.log import LocalLog
from streams.engine.local.storage import Entry
from streams.engine.log import Headers
from streams.gateway.writer import NotAcknowledged


class _Waiting(NamedTuple):
    entry: Entry
    kept: "asyncio.Future[None]"


class LocalWriter:
    """Keeps `streams.gateway.writer.EventWriter`.

    What is sent within one round of the event loop is one append: a list costs little more than one event.
    """

    def __init__(self, log: LocalLog, topic: str) -> None:
        self._log = log
        self._topic = topic
        self._waiting: list[_Waiting] = []

    async def start(self) -> None:
        """Nothing to connect to."""

    async def send(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Append one record; returns when it is kept. Raises NotAcknowledged when it is not: a full disk, perhaps."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        waiting = _Waiting(Entry(key, value, headers), loop.create_future())
        self._waiting.append(waiting)
        await waiting.kept

    async def ready(self) -> bool:
        """Whether `send` can be expected to work: the log is in this process."""
        return True

    async def stop(self) -> None:
        """Append what was sent and is not kept yet."""
        if self._waiting:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            self._log.append(self._topic, [sent.entry for sent in waiting])
        except Exception as error:
            for sent in waiting:
                if not sent.kept.done():
                    sent.kept.set_exception(NotAcknowledged(f"the local log did not take it: {error}"))
        else:
            for sent in waiting:
                if not sent.kept.done():
                    sent.kept.set_result(None)
