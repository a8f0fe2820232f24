"""Is everything that the sink has read in ClickHouse? Asked record by record of what the topics still have."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from schemas.deadletters import read_dead_letter
from sinks.base import Message
from sinks.clickhouse import presence
from sinks.kafka_cluster import Brokers
from streams.broker.stored import records, spans
from streams.erasing.guarding import ERASED_TICKETS, Guard
from streams.topics import DEAD_LETTERS, STORED

#: The stage of letters of what ClickHouse refused.
_SINK: Final = "clickhouse"
#: So many places of missing records are told of each topic.
_TOLD: Final = 5

Place = tuple[str, int, int]


class Compared(NamedTuple):
    """A topic and its table. Of `records` that the sink has read: those whose row is `missing`, or stands as it was
    before them, with the first places of them; and rows that readers see `doubled`. `unread` are offsets that it has
    not read yet.
    """

    topic: str
    table: str
    records: int
    missing: int
    doubled: int
    unread: int
    first: Sequence[str]


async def compare(
    brokers: Brokers,
    group: str,
    ask: Callable[[str], bytes],
    guard: Guard,
    since: datetime | None,
    show: Callable[[str], None],
) -> list[Compared]:
    """All topics that are stored. `ask` answers a query as JSONCompactEachRow. People who were erased are missed by
    nobody. Raises KafkaError and what `ask` raises.
    """
    found = await spans(brokers, group, list(STORED), since)
    erased = [str(each) for [each] in _rows(await asyncio.to_thread(ask, ERASED_TICKETS))]
    refused: set[Place] = set()
    compared = []
    # Dead letters first: they tell what is in no other table.
    for topic in sorted({one.topic for one in found}, key=DEAD_LETTERS.__ne__):
        count = _Count(topic)
        async for messages in records(brokers, topic, found):
            if topic == DEAD_LETTERS:
                refused |= _refused(messages)
            kept = [one for one in guard.without(erased, messages) if _place(one) not in refused]
            wanted = presence.rows_of(STORED[topic], kept)
            answered = await asyncio.to_thread(_answers, ask, STORED[topic], list(wanted))
            count.add(messages, presence.missing(wanted, answered), presence.doubled(answered))
            show(f"{topic}: {count.records:,} records, {count.missing:,} missing")
        of_topic = [span for one, span in found.items() if one.topic == topic]
        compared.append(count.compared(unread=sum(span.end - span.read for span in of_topic)))
    return compared


class _Count:
    def __init__(self, topic: str) -> None:
        self._topic = topic
        self.records = self.missing = self._doubled = 0
        self._first: list[str] = []

    def add(self, messages: Sequence[Message], gone: Sequence[Message], doubled: int) -> None:
        self.records += len(messages)
        self.missing += len(gone)
        self._doubled += doubled
        self._first += [f"{self._topic}[{one.partition}]@{one.offset}" for one in gone][: _TOLD - len(self._first)]

    def compared(self, unread: int) -> Compared:
        table = STORED[self._topic]
        return Compared(self._topic, table, self.records, self.missing, self._doubled, unread, self._first)


def _answers(ask: Callable[[str], bytes], table: str, keys: Sequence[presence.Key]) -> list[list[str]]:
    return [row for question in presence.asked(table, keys) for row in _rows(ask(question))]


def _rows(answer: bytes) -> list[list[str]]:
    return [msgspec.json.decode(line, type=list[str]) for line in answer.splitlines()]


def _refused(messages: Sequence[Message]) -> set[Place]:
    failed = datetime.now(UTC)
    letters = (read_dead_letter(one.key, one.value, one.headers, failed) for one in messages)
    return {(one.topic, one.partition, one.offset) for one in letters if one.stage == _SINK}


def _place(message: Message) -> Place:
    return message.topic, message.partition, message.offset


def is_whole(compared: Sequence[Compared]) -> bool:
    """Whether nothing that was read is missing, and nothing is doubled."""
    return not any(one.missing or one.doubled for one in compared)
