"""The worker that has messages read again: over Kafka as a process of its own, or as a part of the embedded one."""

import asyncio
from collections.abc import Sequence

from sinks.base import Refused, Source
from sinks.clock import utc_now
from sinks.record_writer import RecordWriter
from sinks.runner import run_sink
from streams.config import Settings
from streams.enriching.reading import SecondReader
from streams.enriching.sink import MAX_ROWS, EnrichingSink
from streams.llm.assistant import Assistant


class NoGraves:
    """Nothing is refused here: what cannot be read is a dead letter of the ClickHouse sink."""

    async def bury(self, refused: Sequence[Refused]) -> None:
        """Nothing."""


async def run_enriching(
    settings: Settings, assistant: Assistant, source: Source, writer: RecordWriter, stop: asyncio.Event
) -> None:
    """Read scored events of `source` until `stop` is set; starts and stops the writer. The caller closes the rest."""
    sink = EnrichingSink(SecondReader(assistant, utc_now), assistant.rules, writer, stop, utc_now)
    await writer.start()
    try:
        await run_sink(
            source,
            sink,
            NoGraves(),
            max_rows=MAX_ROWS,
            max_seconds=settings.sink_seconds,
            stop=stop,
            group=f"{settings.name}-{sink.name}",
        )
    finally:
        await writer.stop()
