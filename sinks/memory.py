"""A source and a sink in memory: the contracts without servers, for tests and small tools."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sinks.base import Message, Refused
from sinks.rows import TABLES, to_block

Row = dict[str, Any]


class MemorySource:
    """Keeps `sinks.base.Source` over a list. `start` goes back to the last commit, as a group's next member does."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self._messages = list(messages)
        self._polled = 0
        self._arrived = asyncio.Event()
        self.committed = 0

    def append(self, *messages: Message) -> None:
        """Add messages behind the others."""
        self._messages += messages
        self._arrived.set()

    async def start(self) -> None:
        self._polled = self.committed

    async def poll(self, max_messages: int, timeout: float) -> Sequence[Message]:
        if self._polled == len(self._messages):
            self._arrived.clear()
            await self._wait(timeout)
        messages = self._messages[self._polled : self._polled + max_messages]
        self._polled += len(messages)
        return messages

    async def commit(self) -> None:
        self.committed = self._polled

    async def lag(self) -> dict[str, int]:
        return dict(Counter(message.topic for message in self._messages[self._polled :]))

    async def stop(self) -> None:
        pass

    async def _wait(self, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        except TimeoutError:
            pass


class MemorySink:
    """Keeps `sinks.base.Sink`; a row replaces one of the same key unless its version is lower."""

    name = "memory"

    def __init__(self, tables: Mapping[str, str]) -> None:
        self.topics: Sequence[str] = tuple(tables)
        self._tables = tables
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = {table: {} for table in tables.values()}

    async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        refused: list[Refused] = []
        for topic, table in self._tables.items():
            block, unusable = to_block(table, [message for message in messages if message.topic == topic])
            refused += [Refused(*one) for one in unusable]
            for values in zip(*block.columns.values(), strict=True):
                self._put(table, dict(zip(block.columns, values, strict=True)))
        return refused

    async def close(self) -> None:
        pass

    def rows(self, table: str) -> list[Row]:
        """The rows that stand now, in order of their keys."""
        return [row for _, row in sorted(self._rows[table].items())]

    def _put(self, table: str, row: Row) -> None:
        key = tuple(row[name] for name in TABLES[table].key)
        standing = self._rows[table].get(key)
        if standing is None or row["version"] >= standing["version"]:
            self._rows[table][key] = row
