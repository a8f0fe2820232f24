"""A sender's outbox on the local log. There is one sender in its process, so partitions are never another's."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import uuid4

from schemas.notices import SenderReady, Told, Tried, encode_notice, notice_key
from schemas.notifications import Notification
from sinks.base import Unavailable
from streams import topics
from streams.engine.local.log import LocalLog
from streams.engine.local.storage import Entry, Slot
from streams.notify.asking import asked_of

_READ_RECORDS, _READ_BYTES = 200, 4 * 1_048_576


class LocalOutbox:
    """Keeps `sinks.notify.sender.Outbox`."""

    def __init__(self, log: LocalLog) -> None:
        self._log = log
        self._name = str(uuid4())
        self._positions: dict[Slot, int] = {}
        self._appended = asyncio.Event()
        self._unsubscribe = log.subscribe(topics.NOTIFICATIONS, self._appended.set)

    async def start(self, settle: Callable[[], "asyncio.Future[None]"]) -> None:
        """Begin at the end, and say that we are there: what a sender before us left undone is asked again."""
        for slot in self._log.slots([topics.NOTIFICATIONS]):
            self._positions[slot] = self._log.bounds(slot).end
            self._say(SenderReady(self._name), None, slot.partition)

    async def poll(self, timeout: float) -> Sequence[Notification]:
        """What is asked of us."""
        # A sender with a backlog would not let anybody else run.
        await asyncio.sleep(0)
        self._appended.clear()
        asked = self._take()
        if asked:
            return asked
        try:
            async with asyncio.timeout(timeout):
                await self._appended.wait()
        except TimeoutError:
            return []
        return self._take()

    async def is_ours(self, notification: Notification) -> bool:
        """Always."""
        return True

    async def answer(self, tried: Tried) -> None:
        """Returns when it is in the file. Raises Unavailable when the disk is full."""
        try:
            self._say(tried, notice_key(tried), None)
        except OSError as error:
            raise Unavailable(f"what came of a notification cannot be kept: {error}") from error

    async def stop(self) -> None:
        """Leave the log."""
        self._unsubscribe()

    def _take(self) -> list[Notification]:
        asked: list[Notification] = []
        for slot, position in self._positions.items():
            records = self._log.read(slot, position, _READ_RECORDS, _READ_BYTES)
            if records:
                self._positions[slot] = records[-1].offset + 1
                asked += asked_of(self._name, (record.value for record in records))
        return asked

    def _say(self, told: Told, key: bytes | None, partition: int | None) -> None:
        self._log.append(topics.NOTICES, [Entry(key, encode_notice(told), ())], partition)
