"""Rows that ClickHouse refuses, in one process without a broker."""

import pytest

from schemas.deadletters import read_dead_letter
from sinks.base import Message, Refused
from streams import topics
from streams.embedded.storing import LocalBurial
from streams.engine.local import LocalLog, LocalSource, MemoryStorage
from tests.unit.test_wanted import NOON


@pytest.fixture
def log() -> LocalLog:
    made = LocalLog(MemoryStorage(), lambda: 0)
    made.create(topics.DEAD_LETTERS, 1, 86_400_000)
    return made


async def test_refused_rows_are_letters_but_for_those_of_letters(log: LocalLog) -> None:
    row = Message(topics.SCORED, 1, 17, 0, b"key", b"?", (("trace", b"\xfe"),))
    await LocalBurial(log, "clickhouse").bury(
        [Refused(row, "VIOLATED_CONSTRAINT"), Refused(row._replace(topic=topics.DEAD_LETTERS), "again")]
    )
    source = LocalSource(log, "reader", [topics.DEAD_LETTERS])
    await source.start()
    [message] = await source.poll(10, 0.0)
    await source.stop()
    letter = read_dead_letter(message.key, message.value, message.headers, NOON)
    assert (letter.stage, letter.reason, letter.message) == ("clickhouse", "refused_row", "row: VIOLATED_CONSTRAINT")
    assert (letter.topic, letter.partition, letter.offset, letter.attempts) == (topics.SCORED, 1, 17, 1)
    assert (letter.key, letter.value, letter.headers) == (b"key", b"?", (("trace", b"\xfe"),))
