"""A consumer group of the local log, as a source for sinks."""

import asyncio
import logging
from collections.abc import Sequence

from sinks.base import Message
from streams.engine.local.log import LocalLog
from streams.engine.local.storage import LocalRecord, Slot

log = logging.getLogger(__name__)

# One poll reads in one go: its size bounds how long everything else in the process waits.
POLL_RECORDS, POLL_BYTES = 2_000, 4 * 1_048_576


class LocalSource:
    """Keeps `sinks.base.Source`. A group has one reader at a time; a restart gives again what was not committed."""

    def __init__(self, log: LocalLog, group: str, topics: Sequence[str]) -> None:
        self._log = log
        self._group = group
        self._topics = topics
        self._positions: dict[Slot, int] = {}
        self._appended = asyncio.Event()
        self._unsubscribe = [log.subscribe(topic, self._appended.set) for topic in topics]

    async def start(self) -> None:
        """Begin where the group committed, else at the earliest record."""
        committed = self._log.group_positions(self._group)
        self._positions = {slot: committed.get(slot, 0) for slot in self._log.slots(self._topics)}

    async def poll(self, max_messages: int, timeout: float) -> Sequence[Message]:
        """Up to `max_messages`; an empty list after `timeout` seconds without any."""
        # A reader with a backlog would not let anybody else run.
        await asyncio.sleep(0)
        self._appended.clear()
        if messages := self._take(max_messages):
            return messages
        try:
            async with asyncio.timeout(timeout):
                await self._appended.wait()
        except TimeoutError:
            return []
        return self._take(max_messages)

    async def commit(self) -> None:
        """Everything polled so far is written. On a full disk that is logged: the next commit tells it too."""
        try:
            self._log.commit_group(self._group, self._positions)
        except OSError as error:
            log.warning("%s: positions not committed, their messages may be written again: %s", self._group, error)

    async def lag(self) -> dict[str, int]:
        """Messages not yet polled, by topic."""
        waiting = dict.fromkeys(self._topics, 0)
        for slot, position in self._positions.items():
            earliest, end = self._log.bounds(slot)
            waiting[slot.topic] += end - max(position, earliest)
        return waiting

    async def stop(self) -> None:
        """Leave the log."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    def _take(self, max_messages: int) -> list[Message]:
        """From each partition in turn, beginning with the one that was served the longest ago."""
        messages: list[Message] = []
        wanted = min(max_messages, POLL_RECORDS)
        for slot in list(self._positions):
            if len(messages) == wanted:
                break
            position = self._positions.pop(slot)
            records = self._log.read(slot, position, wanted - len(messages), POLL_BYTES)
            messages += [_message(slot, record) for record in records]
            self._positions[slot] = records[-1].offset + 1 if records else position
        return messages


def _message(slot: Slot, record: LocalRecord) -> Message:
    return Message(*slot, record.offset, record.timestamp, record.key, record.value, record.headers)
