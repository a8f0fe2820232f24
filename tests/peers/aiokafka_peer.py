"""A plain aiokafka loop: a transaction for each batch, state in memory and on a compacted topic, rows by a second loop.

Exactly once as far as plain aiokafka goes: outputs, changes of state and offsets are one transaction, and whoever takes
a partition over reads its state back. Rows are written by a consumer of the outputs, which replaces rows that come
again. It has no fencing by the group's generation, which aiokafka does not offer: one instance at a time is exact.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition

from tests.peers import job
from tests.peers.asked import Asked, asked
from tests.peers.tables import Tables

BATCH_RECORDS: Final = 1_000
SLICE: Final = 100
BATCH_BYTES: Final = 900_000
READY_SECONDS: Final = 0.02
ROWS_SECONDS: Final = 1.0
ROWS_AT_ONCE: Final = 20_000

Entry = tuple[bytes, bytes]
Outputs = dict[TopicPartition, list[Entry]]


class Partition:
    """The state of one input partition, and which of its windows have changed since they were written."""

    def __init__(self) -> None:
        self.tickets: dict[str, job.Ticket] = {}
        self.windows: dict[job.Window, job.Total] = {}
        self.changed: set[job.Window] = set()

    def restore(self, key: bytes, value: bytes) -> None:
        """Take one record of the changelog; every window counts as changed then."""
        name = job.decode(key)
        if isinstance(name, str):
            self.tickets[name] = job.Ticket(*job.decode(value))
        else:
            window = (name[0], name[1], name[2])
            self.windows[window] = job.Total(*job.decode(value))
            self.changed.add(window)

    def apply(self, events: Sequence[job.Event]) -> tuple[list[job.Event], list[Entry]]:
        """Scored events in order; returns those that escalate, and the rows of state that changed."""
        escalated: list[job.Event] = []
        touched: set[str] = set()
        for event in events:
            ticket = event["ticket_id"]
            self.tickets[ticket], escalates = job.track(self.tickets.get(ticket, job.NEW), event)
            touched.add(ticket)
            event["ticket_events"] = self.tickets[ticket].events
            if escalates:
                escalated.append(event)
        adds = job.totals(events)
        for window, added in adds.items():
            self.windows[window] = self.windows.get(window, job.NOTHING).plus(added)
        self.changed.update(adds)
        rows = [(job.encode(ticket), job.encode(tuple(self.tickets[ticket]))) for ticket in touched]
        return escalated, rows + [(job.encode(window), job.encode(tuple(self.windows[window]))) for window in adds]


async def _scored(records: Sequence["ConsumerRecord[bytes, bytes]"]) -> list[job.Event]:
    """Scored in slices: heartbeats are sent by the same event loop."""
    events: list[job.Event] = []
    for first in range(0, len(records), SLICE):
        events += [job.score(job.decode(record.value)) for record in records[first : first + SLICE]]
        await asyncio.sleep(0)
    return events


class Peer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Both loops in one process."""

    def __init__(self, wanted: Asked) -> None:
        self._asked = wanted
        self._partitions: dict[int, Partition] = {}
        self._busy = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=wanted.brokers,
            group_id=wanted.name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=300,
        )
        self._producer = AIOKafkaProducer(
            bootstrap_servers=wanted.brokers,
            transactional_id=wanted.name,
            acks="all",
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
        )
        self._tables = Tables(wanted.clickhouse_port, wanted.database)

    async def run(self) -> None:
        """Work until the process is ended."""
        if not self._asked.only_scores:
            await asyncio.to_thread(self._tables.make)
        async with self._producer, self._consumer:
            self._consumer.subscribe([self._asked.input], listener=self)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._process())
                if not self._asked.only_scores:
                    group.create_task(self._store())

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Forget their state, when the transaction under way has ended."""
        async with self._busy:
            for source in revoked:
                self._partitions.pop(source.partition, None)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Read their state back: the producer has fenced who wrote before, so there is an end."""
        for source in assigned:
            self._partitions[source.partition] = await self._restored(source.partition)

    async def _restored(self, number: int) -> Partition:
        found = Partition()
        source = TopicPartition(self._asked.changelog, number)
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._asked.brokers, isolation_level="read_committed", enable_auto_commit=False
        )
        async with reader:
            reader.assign([source])
            await reader.seek_to_beginning(source)
            end = (await reader.end_offsets([source]))[source]
            while await reader.position(source) < end:
                for records in (await reader.getmany(timeout_ms=100)).values():
                    for record in records:
                        found.restore(record.key, record.value)
        return found

    async def _process(self) -> None:
        while True:
            # Records come as soon as a partition is assigned; they wait for its state.
            states = dict(self._partitions)
            if not states:
                await asyncio.sleep(READY_SECONDS)
                continue
            ready = [TopicPartition(self._asked.input, number) for number in states]
            fetched = await self._consumer.getmany(*ready, timeout_ms=200, max_records=BATCH_RECORDS)
            events = {source: await _scored(records) for source, records in fetched.items()}
            async with self._busy:
                # What was taken from us meanwhile comes again, to us or to somebody else.
                kept = [
                    source for source in fetched if self._partitions.get(source.partition) is states[source.partition]
                ]
                if kept:
                    offsets = {source: fetched[source][-1].offset + 1 for source in kept}
                    await self._commit({source.partition: events[source] for source in kept}, offsets)

    async def _commit(self, events: dict[int, list[job.Event]], offsets: dict[TopicPartition, int]) -> None:
        outputs: Outputs = defaultdict(list)
        for number, scored in events.items():
            self._apply(number, scored, outputs)
        async with self._producer.transaction():
            await self._send(outputs)
            await self._producer.send_offsets_to_transaction(offsets, self._asked.name)

    def _apply(self, number: int, events: list[job.Event], outputs: Outputs) -> None:
        """Add what a partition's events make to `outputs`. The input is keyed by ticket: so is what comes of it."""
        escalated, rows = ([], []) if self._asked.only_scores else self._partitions[number].apply(events)
        scored = outputs[TopicPartition(self._asked.scored, number)]
        scored += [(job.key_of(event), job.encode(event)) for event in events]
        if escalated:
            told = [(job.key_of(event), job.encode(job.escalation(event))) for event in escalated]
            outputs[TopicPartition(self._asked.escalations, number)] += told
        if rows:
            outputs[TopicPartition(self._asked.changelog, number)] += rows

    async def _send(self, outputs: Outputs) -> None:
        sent = []
        for target, entries in outputs.items():
            batch = self._producer.create_batch()
            for key, value in entries:
                if batch.append(timestamp=None, key=key, value=value) is None:
                    sent.append(await self._producer.send_batch(batch, target.topic, partition=target.partition))
                    batch = self._producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value)
            sent.append(await self._producer.send_batch(batch, target.topic, partition=target.partition))
        await asyncio.gather(*sent)

    async def _store(self) -> None:
        """Write what was committed to ClickHouse, at least once, about once a second."""
        consumer = AIOKafkaConsumer(
            *(self._asked.scored, self._asked.escalations),
            bootstrap_servers=self._asked.brokers,
            group_id=f"{self._asked.name}-rows",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=300,
        )
        async with consumer:
            while True:
                began = time.monotonic()
                fetched = await consumer.getmany(timeout_ms=200, max_records=ROWS_AT_ONCE)
                await asyncio.to_thread(self._write, fetched, self._take_changed())
                if fetched:
                    await consumer.commit()
                await asyncio.sleep(max(0.0, began + ROWS_SECONDS - time.monotonic()))

    def _take_changed(self) -> dict[tuple[int, job.Window], job.Total]:
        """The windows to write: their newest totals. One may be ahead of its transaction by a batch, which is no harm:
        what is counted again after a crash comes to no less, and of a window the row with most events counts.
        """
        found: dict[tuple[int, job.Window], job.Total] = {}
        for number, partition in self._partitions.items():
            found |= {(number, window): partition.windows[window] for window in partition.changed}
            partition.changed.clear()
        return found

    def _write(
        self, fetched: dict[TopicPartition, list[Any]], windows: dict[tuple[int, job.Window], job.Total]
    ) -> None:
        for topic, write in (
            (self._asked.scored, self._tables.scored),
            (self._asked.escalations, self._tables.escalated),
        ):
            write([job.decode(one.value) for source, each in fetched.items() if source.topic == topic for one in each])
        self._tables.windows(windows)


async def main() -> None:
    """Run the peer; aiokafka's clients are made within the event loop."""
    await Peer(asked()).run()


if __name__ == "__main__":
    uvloop.run(main())
