"""How aiokafka and Faust behave inside, where the engine depends on it. An upgrade that changes it fails here."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import faust
import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import (
    ConcurrentTransactions,
    IllegalStateError,
    InvalidProducerEpoch,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    ProducerFenced,
)
from aiokafka.producer import sender
from aiokafka.protocol.metadata import MetadataRequest

from streams import stages
from streams.config import Settings
from streams.engine.faust_shell import StageApp, build_app
from streams.engine.kafka_connections import expect_closed_transports
from streams.engine.kafka_log import KafkaStage
from streams.engine.kafka_transactions import BATCH_BYTES, Entry, TransactionalProducer
from streams.engine.log import Fenced
from streams.up.local_kafka import LocalKafka

NOBODY = "127.0.0.1:1"
Unique = Callable[[str], str]


@pytest.fixture
async def source(kafka: LocalKafka, unique: Unique) -> TopicPartition:
    """A topic of one partition that takes records of a thousand bytes."""
    topic = unique("inside")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "1000"})])
    await admin.close()
    return TopicPartition(topic, 0)


@asynccontextmanager
async def producing(kafka: LocalKafka, transactional_id: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=transactional_id)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(kafka: LocalKafka, source: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.brokers, group_id=None, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([source])
        # A consumer that is stopped at once after an assignment raises CancelledError.
        await consumer.position(source)
        yield consumer
    finally:
        await consumer.stop()


async def send(producer: AIOKafkaProducer, source: TopicPartition, *values: bytes) -> None:
    """One batch, acknowledged."""
    batch = producer.create_batch()
    for value in values:
        batch.append(timestamp=None, key=None, value=value, headers=[])
    await (await producer.send_batch(batch, source.topic, partition=source.partition))


async def highwater(consumer: AIOKafkaConsumer, source: TopicPartition) -> int:
    """What the next fetch tells; there is no other way to ask for it."""
    while (found := consumer.highwater(source)) is None:
        await consumer.getmany(source, timeout_ms=50)
    return int(found)


class TestProducer:
    async def test_commit_ignores_a_batch_that_was_refused(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        """So every batch is awaited before the commit."""
        async with producing(kafka, unique("careless")) as producer:
            await producer.begin_transaction()
            batch = producer.create_batch()
            batch.append(timestamp=None, key=None, value=os.urandom(2000), headers=[])
            refused = await producer.send_batch(batch, source.topic, partition=0)
            await asyncio.wait([refused])
            await producer.commit_transaction()
            assert isinstance(refused.exception(), MessageSizeTooLargeError)

    async def test_our_commit_does_not(self, kafka: LocalKafka, source: TopicPartition, unique: Unique) -> None:
        ours = TransactionalProducer(kafka.brokers, unique("careful"))
        await ours.start()
        with pytest.raises(MessageSizeTooLargeError):
            await ours.commit({source: [(None, os.urandom(2000), ())]})
        await ours.close()

    async def test_a_full_batch_answers_none_but_takes_any_first_record(self, kafka: LocalKafka) -> None:
        """So every append is looked at, and the sizes of rows are checked before."""
        async with AIOKafkaProducer(bootstrap_servers=kafka.brokers, max_batch_size=1000) as producer:
            batch = producer.create_batch()
            first = batch.append(timestamp=None, key=None, value=b"x" * 5000, headers=[])
            second = batch.append(timestamp=None, key=None, value=b"x", headers=[])
            assert first is not None
            assert second is None

    async def test_a_batch_takes_a_record_without_key_and_value(self, kafka: LocalKafka) -> None:
        """A dead letter has the key and the value of its record; `send` would refuse this one."""
        async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
            assert producer.create_batch().append(timestamp=None, key=None, value=None, headers=[]) is not None
            with pytest.raises((AssertionError, ValueError)):
                await producer.send("any", value=None, key=None)

    async def test_headers_must_be_a_list(self, kafka: LocalKafka) -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
            batch = producer.create_batch()
            assert batch.append(timestamp=None, key=None, value=b"x", headers=[("name", b"raw")]) is not None
            with pytest.raises(TypeError):
                batch.append(timestamp=None, key=None, value=b"x", headers=(("name", b"raw"),))

    def test_the_wait_after_concurrent_transactions_is_ours(self) -> None:
        """aiokafka's 20 ms would dominate a small transaction."""
        transaction = SimpleNamespace(txn_partitions=set())
        asking = SimpleNamespace(_txn_manager=transaction, _retry_backoff=1.0)
        handler = sender.AddPartitionsToTxnHandler(asking, [])
        answer = SimpleNamespace(errors=[("topic", [(0, ConcurrentTransactions.errno)])])
        assert handler.handle_response(answer) == sender.BACKOFF_OVERRIDE == 0.003


class TestFencing:
    @pytest.fixture(autouse=True)
    def collected(self) -> Iterator[None]:
        """The client fails futures that nobody can wait for. What Python tells of them when they are collected, with
        their stacks, breaks whatever is parsed at that moment (3.11), such as a module that pytest imports at its end.
        """
        yield
        gc.collect()

    async def test_the_older_owner_cannot_commit(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        owner = unique("owner")
        async with producing(kafka, owner) as older:
            await older.begin_transaction()
            await send(older, source, b"never")
            async with producing(kafka, owner):
                with pytest.raises((ProducerFenced, InvalidProducerEpoch)):
                    await older.commit_transaction()

    async def test_the_older_owner_cannot_begin_anew(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        owner = unique("owner")
        older, newer = TransactionalProducer(kafka.brokers, owner), TransactionalProducer(kafka.brokers, owner)
        await older.start()
        await older.commit({source: [(None, b"before", ())]})
        await newer.start()
        with pytest.raises(Fenced):
            await older.commit({source: [(None, b"after", ())]})
        await asyncio.gather(older.close(), newer.close())

    async def test_who_is_fenced_between_two_batches_is_told_so(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        """The client says of the next batch only that there is no transaction."""

        class Slow(TransactionalProducer):
            async def _send(
                self, target: TopicPartition, entries: Iterable[Entry]
            ) -> AsyncIterator[asyncio.Future[object]]:
                async for sent in super()._send(target, entries):
                    yield sent
                    await asyncio.wait([sent])

        owner = unique("owner")
        older, newer = Slow(kafka.brokers, owner), TransactionalProducer(kafka.brokers, owner)
        await older.start()
        await newer.start()
        with pytest.raises(Fenced):
            await older.commit({source: [(None, os.urandom(BATCH_BYTES // 2 + 1), ()) for _ in range(3)]})
        await asyncio.gather(older.close(), newer.close())

    async def test_its_open_transaction_is_aborted_before_start_returns(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        """So the state that is read after that is complete, and no reader waits for a dead transaction."""
        owner = unique("owner")
        async with producing(kafka, owner) as older:
            await older.begin_transaction()
            await send(older, source, b"never")
            async with producing(kafka, owner), reading(kafka, source) as consumer:
                assert (await consumer.end_offsets([source]))[source] == 2
            # It must be told before it can be closed.
            with pytest.raises((ProducerFenced, InvalidProducerEpoch)):
                await older.commit_transaction()


class TestConsumer:
    async def test_the_end_under_read_committed_is_the_last_stable_offset(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        """So a recovery takes the high watermark of a fetch."""
        async with producing(kafka, unique("open")) as producer, reading(kafka, source) as consumer:
            async with producer.transaction():
                await send(producer, source, b"undecided")
                assert (await consumer.end_offsets([source]))[source] == 0
                assert await highwater(consumer, source) == 1
            # The record and the marker of its transaction.
            assert (await consumer.end_offsets([source]))[source] == 2

    async def test_the_position_moves_over_transaction_markers(
        self, kafka: LocalKafka, source: TopicPartition, unique: Unique
    ) -> None:
        """So "end reached" is judged by positions, never by the offsets of records."""
        async with producing(kafka, unique("marked")) as producer, reading(kafka, source) as consumer:
            async with producer.transaction():
                await send(producer, source, b"one", b"two")
            offsets = []
            while await consumer.position(source) < 3:
                offsets += [record.offset for record in (await consumer.getmany(source, timeout_ms=50)).get(source, [])]
            assert offsets == [0, 1]

    async def test_what_was_fetched_before_a_seek_is_not_handed_out_after_it(
        self, kafka: LocalKafka, source: TopicPartition
    ) -> None:
        async with (
            AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer,
            reading(kafka, source) as consumer,
        ):
            await send(producer, source, *(b"%d" % number for number in range(10)))
            [first] = await _some(consumer, source, limit=1)
            consumer.seek(source, 7)
            assert await consumer.position(source) == 7
            [after] = await _some(consumer, source, limit=1)
            assert (first.offset, after.offset) == (0, 7)

    async def test_a_partition_that_is_not_assigned_has_no_figures(
        self, kafka: LocalKafka, source: TopicPartition
    ) -> None:
        """The reader catches these; under `python -O` the first would be another error."""
        other = TopicPartition(source.topic, 1)
        async with reading(kafka, source) as consumer:
            with pytest.raises(AssertionError):
                consumer.highwater(other)
            with pytest.raises(IllegalStateError):
                await consumer.position(other)
            with pytest.raises(IllegalStateError):
                consumer.seek(other, 0)

    async def test_a_large_record_comes_although_it_exceeds_the_fetch(self, kafka: LocalKafka, unique: Unique) -> None:
        """The reader fetches a megabyte at a time; a record of our largest batch must not stop it."""
        large = TopicPartition(unique("large"), 0)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
        await admin.start()
        await admin.create_topics([NewTopic(large.topic, 1, 1, topic_configs={"max.message.bytes": "4194304"})])
        await admin.close()
        value = os.urandom(3 * BATCH_BYTES)
        async with AIOKafkaProducer(bootstrap_servers=kafka.brokers, max_request_size=8 << 20) as producer:
            await producer.send_and_wait(large.topic, value)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka.brokers, auto_offset_reset="earliest", max_partition_fetch_bytes=1 << 20
        )
        async with consumer:
            consumer.assign([large])
            [record] = await _some(consumer, large, limit=1)
            assert record.value == value


async def _some(consumer: AIOKafkaConsumer, source: TopicPartition, limit: int) -> list[Any]:
    while not (found := (await consumer.getmany(source, timeout_ms=100, max_records=limit)).get(source)):
        pass
    return list(found)


class TestFaust:
    def test_no_kafka_client_and_no_web_server_of_its_own_starts(self) -> None:
        app = _score_app()
        assert isinstance(app, StageApp)
        strategy = app.BootStrategy(app)
        started = list(strategy.server())
        assert app.agents in started
        assert not [service for service in started if service not in (app.agents, *app.sensors)]

    def test_the_agent_has_the_stage_s_name(self) -> None:
        """Without one Faust names it after its module, and renaming a file would rename it."""
        assert list(_score_app().agents) == ["score"]

    async def test_a_channel_waits_until_the_flow_is_resumed(self) -> None:
        """Faust resumes it after a recovery, which our apps do not have."""
        app = StageApp("waits", broker=f"kafka://{NOBODY}", store="memory://", autodiscover=False)
        channel = app.channel(maxsize=1).clone(is_iterator=True)
        putting = asyncio.create_task(channel.queue.put("job"))
        await _turns(10)
        assert not putting.done()
        app.flow_control.resume()
        await putting
        assert await channel.queue.get() == "job"

    async def test_a_channel_gives_what_it_got_to_those_who_listen_and_only_to_them(self) -> None:
        """A job that is put before the agent listens would never be done."""
        app = StageApp("listens", broker=f"kafka://{NOBODY}", store="memory://", autodiscover=False)
        app.flow_control.resume()
        channel: Any = app.channel(maxsize=1)
        await channel.put("nobody listens")
        listener = channel.clone(is_iterator=True)
        await channel.put("job")
        assert await listener.queue.get() == "job"
        assert listener.queue.empty()


def _score_app() -> faust.App:
    layout = KafkaStage(NOBODY, "inside-score", "events", "changelog")
    stage = stages.build_stage("score", Settings())
    return build_app(stage, layout, session_seconds=6, clock=lambda: 0, dead_letters="dead-letters")


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("mended", "expected"), [(False, RuntimeError), (True, KafkaConnectionError)])
def test_a_request_on_a_transport_that_uvloop_has_closed(
    kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch, mended: bool, expected: type[Exception]
) -> None:
    # Undone after the test, by whoever set it first.
    monkeypatch.setattr(AIOKafkaConnection, "send", AIOKafkaConnection.send)
    if mended:
        expect_closed_transports()

    async def send_after_a_cut() -> None:
        host, port = kafka.brokers.split(":")
        connection = await create_conn(host, int(port))
        try:
            transport = connection._writer.transport
            transport.abort()
            # Of this the client hears only with the next turn of the loop.
            while not transport.is_closing():
                await asyncio.sleep(0)
            await connection.send(MetadataRequest([]))
        finally:
            connection.close()

    loop = uvloop.new_event_loop()
    try:
        with pytest.raises(expected):
            loop.run_until_complete(send_after_a_cut())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
