"""Scored events in, second readings out: a sink like the others, so that the loop of sinks collects, retries, commits.

At least once. What is read again after a crash is in the cache if it is kept on disk, else it is asked and paid again;
its record has the same id, and of those with one id the first stays.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.enrichments import encode_enrichment
from schemas.events import ticket_key
from schemas.scored import ScoredEvent, decode_scored
from sinks.base import Message, Refused, Unavailable
from sinks.record_writer import NotAcknowledged, RecordWriter
from sinks.scored_columns import is_scored
from streams import topics
from streams.enriching.choosing import is_chosen
from streams.enriching.reading import SecondReader
from streams.llm.rules import LlmRules

#: Of one write: they are under way when the process is to stop.
MAX_ROWS: Final = 100


class EnrichingSink:
    """Keeps `sinks.base.Sink`. The caller starts and stops the writer. `stop` ends a write before its next message."""

    name = "enrich"
    topics: Sequence[str] = (topics.SCORED,)

    def __init__(
        self,
        reader: SecondReader,
        rules: LlmRules,
        writer: RecordWriter,
        stop: asyncio.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._writer = writer
        self._stop = stop
        self._now = now
        self._turns = asyncio.Semaphore(rules.model.at_once)

    async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        """Read those that are chosen and send what came of it. Raises Unavailable while the log takes nothing, and when
        it is to stop: then nothing of them is committed.
        """
        chosen = [event for message in messages if (event := self._chosen(message)) is not None]
        done = await asyncio.gather(*map(self._enrich, chosen), return_exceptions=True)
        for error in done:
            if isinstance(error, NotAcknowledged):
                raise Unavailable(f"the log takes no readings: {error}") from error
            if error is not None:
                raise error
        return ()

    async def close(self) -> None:
        """Nothing of its own."""

    def _chosen(self, message: Message) -> ScoredEvent | None:
        if message.value is None or not is_scored(message):
            return None
        try:
            event = decode_scored(message.value)
        except (msgspec.MsgspecError, ValueError):
            # It is a dead letter of the ClickHouse sink already.
            return None
        age = self._now().timestamp() * 1000 - message.timestamp
        old = age > self._rules.newer_than
        return event if not old and is_chosen(event, self._rules.of(event.tenant)) else None

    async def _enrich(self, event: ScoredEvent) -> None:
        async with self._turns:
            if self._stop.is_set():
                raise Unavailable("it is to stop")
            enrichment = await self._reader.read(event)
            await self._writer.send(ticket_key(event.tenant, event.ticket_id), encode_enrichment(enrichment))
