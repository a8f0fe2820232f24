"""A worker that stands still says why and ends with a code of its own; its supervisor starts it again."""

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams import topics
from streams.broker.admin import apply_topics
from streams.engine.kafka_recovery import READ_RECORDS, recover
from streams.engine.watchdog import STALLED
from streams.up.local_kafka import LocalKafka
from streams.up.supervisor import Process, supervise
from tests.integration.reading import read_committed

PARTITIONS = 2
WAIT = 180.0
# Far more than a broker and a worker that work need for any step, while others take the machine for seconds.
LIMIT = 12.0


@pytest.fixture
async def kafka(own_kafka: LocalKafka) -> LocalKafka:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, topics.ALL, PARTITIONS, 1)
    # A fresh broker makes the topics of transactions and of groups when it is first asked for them. That is not to
    # happen within the time that a worker may stand still.
    producer = AIOKafkaProducer(bootstrap_servers=own_kafka.brokers, transactional_id="first")
    async with producer, producer.transaction():
        await producer.send_offsets_to_transaction({TopicPartition(topics.EVENTS, 0): 0}, "first")
    return own_kafka


class Life:
    """A supervised worker, and what its supervisor says of it."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self._log = folder / "score.log"

    @property
    def log(self) -> str:
        """What it has logged so far, in all its lives."""
        return self._log.read_text()

    def ends(self) -> list[str]:
        """Its ends, as the supervisor told them."""
        return [line for line in self.said if "ended with status" in line]


@asynccontextmanager
async def supervised(kafka: LocalKafka, folder: Path, behind_each_part: float = 0.0) -> AsyncIterator[Life]:
    """A worker as `ticketpulse up` keeps it running; it stops behind each part of a changelog, if it shall."""
    life = Life(folder)
    environment = {
        "KAFKA_BROKERS": kafka.brokers,
        "TICKETPULSE_STALLED_AFTER": str(LIMIT),
        "PYTHONUNBUFFERED": "1",
    }
    argv = [sys.executable, "-m", "tests.integration.stalling_worker", str(folder / "stalled"), str(behind_each_part)]
    running = asyncio.create_task(
        supervise([Process("score", argv, environment)], logs=folder, on_event=life.said.append)
    )
    try:
        yield life
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def produce(kafka: LocalKafka, texts: Sequence[str], first: int = 0) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers)
    await producer.start()
    for number, text in enumerate(texts, first):
        event = {"event_id": str(number), "ticket_id": f"T{number}", "text": text}
        await producer.send_and_wait(topics.EVENTS, msgspec.json.encode(event), partition=number % PARTITIONS)
    await producer.stop()


async def scored(kafka: LocalKafka) -> list[int]:
    """The numbers of the events that were scored, in order."""
    records = await read_committed(kafka.brokers, topics.SCORED, PARTITIONS)
    return sorted(int(msgspec.json.decode(record.value or b"")["event_id"]) for record in records)


async def until_scored(kafka: LocalKafka, count: int) -> None:
    async with asyncio.timeout(WAIT):
        while len(await scored(kafka)) < count:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("how", "status", "told"),
    [
        # The thread that is blocked, and where.
        ("blocked", STALLED, ["thread MainThread: ", "StallingStage.process"]),
        # The task that waits, and for what.
        ("hung", STALLED, ["task score-1: ", "HangingProducer.commit", "PartitionTask._commit"]),
        # Python cannot say anything then; the stack is the signal handler's.
        ("interpreter", -signal.SIGPROF, ["Current thread ", "stalling_worker.py", "in process"]),
    ],
)
async def test_a_worker_that_stands_still_says_where_and_is_started_again(
    kafka: LocalKafka, tmp_path: Path, how: str, status: int, told: Sequence[str]
) -> None:
    async with supervised(kafka, tmp_path) as life:
        await produce(kafka, ["fine"] * 20)
        await until_scored(kafka, 20)
        await produce(kafka, ["fine", f"stall: {how}", *["fine"] * 8], first=20)
        await until_scored(kafka, 30)
        # Time enough to end once more, if it stood still or were taken for it.
        await asyncio.sleep(1.5 * LIMIT)
        assert await scored(kafka) == list(range(30))
        assert [end.startswith(f"score ended with status {status}, starts again") for end in life.ends()] == [True]
        for part in told:
            assert part in life.log
        if status == STALLED:
            assert "tickets.events.v1-1: at 10 of 1" in life.log
            assert f"nothing has moved for {LIMIT:.0f} s" in life.log


async def test_while_the_broker_is_away_no_worker_is_ended_and_afterwards_it_goes_on(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    async with supervised(kafka, tmp_path) as life:
        await produce(kafka, ["fine"] * 10)
        await until_scored(kafka, 10)
        await kafka.stop()
        await asyncio.sleep(2 * LIMIT)
        await kafka.start()
        await produce(kafka, ["fine"] * 10, first=10)
        await until_scored(kafka, 20)
        assert await scored(kafka) == list(range(20))
        assert life.ends() == []
        assert "nothing has moved" not in life.log


async def write_rows(kafka: LocalKafka, changelog: TopicPartition, rows: int) -> None:
    """So many state rows that nobody reads."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, max_batch_size=900_000)
    await producer.start()
    batch = producer.create_batch()
    for number in range(rows):
        if batch.append(key=b"k%d" % number, value=b"row", timestamp=None) is None:
            await (await producer.send_batch(batch, changelog.topic, partition=changelog.partition))
            batch = producer.create_batch()
            batch.append(key=b"k%d" % number, value=b"row", timestamp=None)
    await (await producer.send_batch(batch, changelog.topic, partition=changelog.partition))
    await producer.stop()


async def test_a_take_over_that_takes_longer_than_a_worker_may_stand_still_is_let_alone(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    # Each stop is far shorter than a worker may stand still, all of them together are longer.
    parts, seconds = 60, 0.35
    rows = parts * READ_RECORDS
    await write_rows(kafka, TopicPartition(topics.changelog_of("score"), 0), rows)
    await produce(kafka, ["fine"] * 10)
    async with supervised(kafka, tmp_path, behind_each_part=seconds) as life:
        await until_scored(kafka, 10)
        taken = re.search(rf"score-0: taken over \(assigned\), {rows} state rows in ([\d.]+) s", life.log)
        assert taken
        assert float(taken[1]) > 1.5 * LIMIT
        assert life.ends() == []


async def test_a_recovery_tells_how_far_it_has_read(kafka: LocalKafka) -> None:
    changelog, rows = TopicPartition(topics.changelog_of("track"), 0), 3 * READ_RECORDS
    await write_rows(kafka, changelog, rows)
    reached: list[int] = []
    found = await recover(kafka.brokers, changelog, TopicPartition(topics.SCORED, 0), PARTITIONS, reached.append)
    assert len(found.rows) == rows
    assert reached == sorted(set(reached))
    assert reached[-1] == rows
    assert len(reached) >= 3
