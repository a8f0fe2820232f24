"""Reads the topic of dead letters: which are wanted, what was done about them, and what they say."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from sinks.kafka_cluster import Brokers, client_arguments
from streams.broker.admin import describe_topics
from streams.broker.letters import Found, Id, Letter, Mark, Offsets, Place, State, letter_of, marked
from streams.broker.wanted import Wanted
from streams.topics import DEAD_LETTERS


class Letters:
    """Reads the topic of dead letters, committed records only. Made by `reading`."""

    def __init__(self, consumer: Any, partitions: Collection[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    async def find(self, wanted: Wanted, *, ids: Collection[Id] | None = None) -> Found:
        """All that are kept and wanted, among `ids` if they are given. Values are not kept."""
        ends = await self._ends()
        return await self._find(wanted, ids, await self._starts(wanted, ids), ends)

    async def find_newest(self, wanted: Wanted, states: Collection[State], limit: int) -> Found:
        """The newest `limit` that are wanted and in these states, reading back from the end as far as they take."""
        ends, oldest = await self._ends(), await self._starts(wanted, None)
        # At worst each letter has a transaction marker of its own behind it.
        span = 2 * limit
        while True:
            starts = {one: max(oldest[one], end - span) for one, end in ends.items()}
            found = await self._find(wanted, None, starts, ends)
            places = found.in_state(states)
            short = [
                one
                for one, start in starts.items()
                if start > oldest[one] and sum(place.partition == one.partition for place in places) < limit
            ]
            if not short:
                return found._replace(places=places[-limit:])
            span *= 4

    async def marks_since(self, ends: Offsets) -> set[Id]:
        """The letters that got a mark behind these ends."""
        now = await self._ends()
        starts = {one: ends.get(one, 0) for one in now}
        return {place async for record in self._between(starts, now) if (place := marked(letter_of(record).letter))}

    async def read(self, found: Found, ids: Iterable[Id]) -> AsyncIterator[Letter]:
        """The letters at these places, in order of each partition."""
        asked = set(ids)
        places = [(TopicPartition(DEAD_LETTERS, partition), offset) for partition, offset in asked]
        starts = {one: min(offset for each, offset in places if each == one) for one in {one for one, _ in places}}
        ends = {one: 1 + max(offset for each, offset in places if each == one) for one in starts}
        async for record in self._between(starts, ends):
            place = (record.partition, record.offset)
            if place in asked:
                yield letter_of(record)._replace(mark=found.marks.get(place))

    async def _find(self, wanted: Wanted, ids: Collection[Id] | None, starts: Offsets, ends: Offsets) -> Found:
        asked = None if ids is None else set(ids)
        places: list[Place] = []
        marks: dict[Id, Mark] = {}
        async for record in self._between(starts, ends):
            one = letter_of(record)
            letter = one.letter
            if (of := marked(letter)) is not None:
                marks[of] = Mark(State(letter.reason), letter.failed_at, letter.message)
            elif (asked is None or (one.partition, one.offset) in asked) and wanted.takes(letter):
                places.append(Place(letter.failed_at, one.partition, one.offset, letter.stage, letter.reason))
        return Found(sorted(places), marks, ends)

    async def _ends(self) -> Offsets:
        ends: Offsets = await self._consumer.end_offsets(self._partitions) if self._partitions else {}
        return ends

    async def _starts(self, wanted: Wanted, ids: Collection[Id] | None) -> Offsets:
        """Where the first of them may lie."""
        if not self._partitions:
            return {}
        starts: dict[TopicPartition, int] = await self._consumer.beginning_offsets(self._partitions)
        if ids is not None:
            first = {one: min(offset for each, offset in ids if each == one) for one in {one for one, _ in ids}}
            return {one: max(start, first[one.partition]) for one, start in starts.items() if one.partition in first}
        if wanted.since is None:
            return starts
        since = int(wanted.since.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._partitions, since))
        ends = await self._ends()
        return {one: at.offset if (at := found[one]) else ends[one] for one in starts}

    async def _between(self, starts: Offsets, ends: Offsets) -> AsyncIterator[Any]:
        """The records from `starts` to `ends`, in order of each partition."""
        consumer = self._consumer
        oldest = await consumer.beginning_offsets(list(starts)) if starts else {}
        reading = {one for one, start in starts.items() if max(start, oldest[one]) < ends[one]}
        consumer.assign(list(reading))
        for one in reading:
            consumer.seek(one, max(starts[one], oldest[one]))
        while reading:
            for one, records in (await consumer.getmany(timeout_ms=100)).items():
                for record in records:
                    if record.offset < ends[one]:
                        yield record
            done = {one for one in reading if await consumer.position(one) >= ends[one]}
            consumer.pause(*done)
            reading -= done


@asynccontextmanager
async def reading(brokers: Brokers) -> AsyncIterator[Letters]:
    """The topic as it stands; nothing on it where there is no such topic. Raises KafkaError."""
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        described = await describe_topics(brokers, [DEAD_LETTERS])
        yield Letters(
            consumer, [TopicPartition(topic.name, number) for topic in described for number in range(topic.partitions)]
        )
    finally:
        await consumer.stop()
