"""When events are seen: on the topic of scored events, read committed, and as rows in ClickHouse."""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from sinks.clickhouse.client import connect
from tests.peers.contestants import PARTITIONS, Running

POLL_SECONDS: Final = 0.2


class _Named(msgspec.Struct):
    event_id: str


class Sightings:
    """Watches from when it is entered. `told` and `stored` have the first time at which each event was seen, by id;
    rows are looked for, unless they are not wanted, of events whose ids begin with `phase`.
    """

    def __init__(self, running: Running, brokers: str, phase: str, *, rows: bool = True) -> None:
        self.told: dict[str, float] = {}
        self.stored: dict[str, float] = {}
        self._url = running.url
        self._phase = phase
        self._rows = rows
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers, isolation_level="read_committed", fetch_max_wait_ms=50, enable_auto_commit=False
        )
        self._sources = [TopicPartition(running.scored, number) for number in range(PARTITIONS)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._sources)
        await self._consumer.seek_to_end(*self._sources)
        for source in self._sources:
            # Only this finds the end; what comes before it is asked would be passed over.
            await self._consumer.position(source)
        self._tasks = [asyncio.create_task(self._watch_topic())]
        if self._rows:
            self._tasks.append(asyncio.create_task(self._watch_rows()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._consumer.stop()
        if kind is None:
            for task in self._tasks:
                if not task.cancelled() and (failure := task.exception()):
                    raise failure

    async def _watch_topic(self) -> None:
        decode = msgspec.json.Decoder(_Named).decode
        async for record in self._consumer:
            if not record.headers:
                self.told.setdefault(decode(record.value or b"").event_id, time.monotonic())

    async def _watch_rows(self) -> None:
        client = connect(self._url, readonly=True)
        try:
            while True:
                asked = time.monotonic()
                rows = await asyncio.to_thread(
                    client.query,
                    "SELECT event_id FROM scored_events WHERE startsWith(event_id, {phase:String})",
                    {"phase": f"{self._phase}-"},
                )
                seen = time.monotonic()
                for (event,) in rows.result_rows:
                    self.stored.setdefault(event, seen)
                await asyncio.sleep(max(0.0, asked + POLL_SECONDS - seen))
        finally:
            client.close()
