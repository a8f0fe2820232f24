"""Personal data replaced before an event is written: by the gateway's door, and by every other writer of events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

from schemas.events import MAX_EVENT_BYTES
from sinks.prometheus import REDACTED
from sinks.record_writer import Headers
from streams.gateway.writer import EventWriter
from streams.privacy.at_door import Replaced, replaced_at_door
from streams.privacy.in_flow import Redaction


class TooLarge(ValueError):
    """With personal data replaced, an event is larger than one may be. Nothing of it was written."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size:,} bytes with personal data replaced; an event may have {MAX_EVENT_BYTES:,}")


class RuleSource(Protocol):
    """Where rules come from: read, and followed until cancelled. `streams.policies.BookSource` is one."""

    read: Callable[[], Redaction]

    def follow(self, adopt: Callable[[Redaction], None]) -> Coroutine[Any, Any, None]: ...


class Doorkeeper:
    """Replaces by the rules in force, which are read at once: raises FileError where they are wrong or a key is
    missing. What they are changed to counts while they are followed; wrong ones are told and change nothing.
    """

    def __init__(self, source: RuleSource) -> None:
        self._source = source
        self._redaction = source.read()

    @property
    def is_needed(self) -> bool:
        """Whether anything is replaced here now."""
        return self._redaction.book.has_door

    def replaced(self, value: bytes | None, headers: Headers = (), key: bytes | None = None) -> Replaced:
        """A record as it may be written; a `key` only where it is not of our making. Raises TooLarge."""
        done = replaced_at_door(self._redaction, value, headers, key)
        if done.found:
            REDACTED.labels("door").inc(done.found)
        # One that was too large before is `score`'s to bury.
        if done.value is not None and len(done.value) > MAX_EVENT_BYTES >= len(value or b""):
            raise TooLarge(len(done.value))
        return done

    def part_of_id(self, tenant: str, field: str, value: str) -> str:
        """A field's value as a part of a ticket's id that we make up: its hash, where it is replaced at the door and
        there is a key.
        """
        book, keys = self._redaction.book, self._redaction.keys
        is_replaced = book.is_at_door(tenant) and book.of_tenant(tenant).of(field) != "off"
        return keys.hash("value", tenant, value) if is_replaced and keys else value

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """While the block runs, rules are in force within two seconds of a change."""
        task = asyncio.create_task(self._source.follow(self._adopt), name="rules-at-the-door")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _adopt(self, redaction: Redaction) -> None:
        self._redaction = redaction


class RedactingWriter:
    """Keeps `EventWriter`: writes by another one what the doorkeeper leaves of each event."""

    def __init__(self, writer: EventWriter, keeper: Doorkeeper) -> None:
        self._writer = writer
        self._keeper = keeper
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Follow the rules, and start the other one."""
        await self._running.enter_async_context(self._keeper.following())
        await self._writer.start()

    async def stop(self) -> None:
        """Stop the other one."""
        try:
            await self._writer.stop()
        finally:
            await self._running.aclose()

    async def ready(self) -> bool:
        """Whether the other one is."""
        return await self._writer.ready()

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Append one event. Raises what the other one raises, and TooLarge."""
        done = self._keeper.replaced(value, headers)
        await self._writer.send(key, done.value or b"", done.headers)
