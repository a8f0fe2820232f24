"""Answers from the local log."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streams.engine.local import LocalLog
from streams.engine.local.storage import Slot
from streams.gateway.answers import TOPICS, Awaited, Board

# One look reads at most so much of a partition, so that it holds nobody up.
LOOK_RECORDS, LOOK_BYTES = 500, 1 << 20


class LocalAnswers:
    """Keeps `Answers`: told by the log of every append, it reads only while somebody waits."""

    def __init__(self, log: LocalLog) -> None:
        self._log = log
        self._board = Board()
        self._positions: dict[Slot, int] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._awake = False

    @asynccontextmanager
    async def awaiting(self, key: bytes, event_id: str, seconds: float) -> AsyncIterator[Awaited]:
        """Hear what is appended from now on."""
        if not self._unsubscribe:
            self._unsubscribe = [self._log.subscribe(topic, self._wake) for topic in TOPICS]
        if not len(self._board):
            self._positions = {slot: self._log.bounds(slot).end for slot in self._log.slots(TOPICS)}
        with self._board.awaiting(key, event_id) as awaited:
            yield awaited

    async def stop(self) -> None:
        """Leave the log."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    def _wake(self) -> None:
        """After the transaction that appended something, not within it."""
        if len(self._board) and not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._awake = False
        if not len(self._board):
            return
        more = [self._read(slot) for slot in self._positions]
        if any(more):
            self._wake()

    def _read(self, slot: Slot) -> bool:
        """Whether there may be more."""
        earliest, end = self._log.bounds(slot)
        position = max(self._positions[slot], earliest)
        records = self._log.read(slot, position, LOOK_RECORDS, LOOK_BYTES) if position < end else []
        for record in records:
            self._board.hear(slot.topic, record.key, record.value)
        self._positions[slot] = records[-1].offset + 1 if records else position
        return bool(records) and self._positions[slot] < end
