"""One contract for every destination and every source, and the loop between them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from prometheus_client import REGISTRY
from tenacity import AsyncRetrying, RetryCallState

from schemas.readings import Reading
from schemas.scored import Reason
from sinks.base import Message, Refused, Source, Unavailable
from sinks.kafka_source import KafkaSource
from sinks.memory import MemorySink, MemorySource
from sinks.runner import LONGEST_RETRY, pause_before, run_sink
from streams.up.local_kafka import LocalKafka
from tests.contract.messages import (
    NOON,
    SCORED,
    TABLES,
    alert,
    assignment,
    audited,
    correction,
    dead_letter,
    enriched,
    escalation,
    notification,
    prediction,
    raw,
    scored,
    shadow,
    window,
)
from tests.contract.sink_loop import PATIENCE, Graves, running, until
from tests.contract.sink_worlds import World, clickhouse, embedded_url, memory, migrated

PARTITIONS = 4


@pytest.fixture(params=["memory", "embedded", "server"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, unique: Callable[[str], str]) -> AsyncIterator[World]:
    with ExitStack() as stack:
        if request.param == "memory":
            made = memory()
        else:
            over_http = request.param == "server"
            url = request.getfixturevalue("server").url(unique("sink")) if over_http else embedded_url(tmp_path)
            made = clickhouse(url, stack.enter_context(migrated(url)))
        yield made
        await made.sink.close()


READING = Reading(
    emotions={"frustrated": 0.88, "angry": 0.5},
    emotion="frustrated",
    urgency="critical",
    category="billing",
    subcategory="refund",
    key_phrases=("wrong bill", "Zoë's \u2603"),
    signals=("leaving", "wants_human"),
    questions=3,
    journey_stage="payment",
    keywords=("bill",),
    language="en",
)
EVERYTHING = [
    *(scored(offset, f"T-{offset % 3}", partition=offset % 2) for offset in range(20)),
    scored(21, confidence=0.875, reasons=(Reason("lexicon", "wrong 'bill'", -2.1, 15, 20),), reading=READING),
    scored(20, sentiment=None, unscored="no text", text="Zoë \u2603 \x00 \U0001f600"),
    escalation(0),
    escalation(1, "T-2", customer_id="c-1"),
    window(0),
    window(1, start=1_772_625_660, events=2**40),
    alert(0),
    alert(1, alert_id="7d0f4f2e-6a2b-5c53-9f3c-0b1d5a1e2f30", state="resolved", resolved_at=NOON, ended="calm"),
    alert(2, alert_id="0d0f4f2e-6a2b-5c53-9f3c-0b1d5a1e2f30", tickets=(), phrases=(), expected=0.0),
    notification(0, revision=1, state="pending", attempt=0, provider_ms=None, reference=None),
    notification(1),
    notification(2, revision=2, ticket_id=None, about=("e", "f"), reason="421 later", recipient="a…@x.example"),
    correction(0),
    correction(1, correction_id="0d0f4f2e-6a2b-5c53-9f3c-0b1d5a1e2f31", field="category", old="", new="refund"),
    # Sent again: the first stays.
    correction(2, corrected_at=NOON + timedelta(days=40)),
    audited(0),
    audited(1, audit_id="0d0f4f2e-6a2b-5c53-9f3c-0b1d5a1e2f32", result="refused", token_id="", tenant=""),
    enriched(0),
    enriched(1, event_id="event-1", fallback="budget", label=None, label_before=None, removed={}, stands=True),
    shadow(0),
    shadow(1, kind="category", champion_class="billing", challenger_class="billing", agree=True, score=None),
    # Another challenger on the same message; and the first one sent again.
    shadow(2, challenger="20261122-091500-1a2b3c4d"),
    shadow(3, challenger_class="negative"),
    assignment(0),
    assignment(1, "T-2", state="waiting", agent="", previous="ann"),
    prediction(0),
    prediction(1, "T-2", ended=True, escalation=None, resolution=None, resolution_breach=None),
    dead_letter(0),
    dead_letter(1, value=None),
    dead_letter(2, value=bytes(range(256))),
]


async def expected(messages: Sequence[Message]) -> World:
    """What any destination must hold afterwards: what the one in memory holds."""
    plain = memory()
    await plain.sink.write(messages)
    return plain


async def assert_same(world: World, messages: Sequence[Message]) -> None:
    wanted = await expected(messages)
    for table in TABLES.values():
        assert world.rows(table) == wanted.rows(table)


async def test_every_field_of_every_topic_is_stored(world: World) -> None:
    await world.sink.write(EVERYTHING)
    await assert_same(world, EVERYTHING)
    assert [len(world.rows(table)) for table in TABLES.values()] == [22, 2, 2, 3, 3, 2, 2, 2, 3, 2, 2, 3]


async def test_the_same_messages_again_leave_the_same_rows(world: World) -> None:
    await world.sink.write(EVERYTHING)
    await world.sink.write(EVERYTHING)
    for start in range(0, len(EVERYTHING), 3):
        await world.sink.write(EVERYTHING[start : start + 5])
    await assert_same(world, EVERYTHING)


async def test_the_latest_record_of_a_key_stays_whatever_the_order(world: World) -> None:
    first, last = window(4, revision=1), window(9, revision=2, events=5)
    await world.sink.write([last])
    await world.sink.write([first])
    assert [(row["revision"], row["events"]) for row in world.rows("windows")] == [(2, 5)]


async def test_a_later_model_outranks_a_later_record(world: World) -> None:
    again = scored(3, event_id="event-0", model_epoch=1, category="again")
    await world.sink.write([scored(90, event_id="event-0"), again, scored(80, event_id="event-0")])
    assert [(row["category"], row["log_offset"]) for row in world.rows("scored_events")] == [("again", 3)]


async def test_an_event_that_comes_again_with_another_time_is_one_row(world: World) -> None:
    await world.sink.write([scored(0, event_id="e"), scored(1, event_id="e", occurred_at="2025-11-01T00:00:00Z")])
    assert [row["log_offset"] for row in world.rows("scored_events")] == [0]


async def test_a_bad_message_costs_itself_alone_and_is_told(world: World) -> None:
    good, bad = [scored(0), scored(2), window(1)], [raw(SCORED, 1, b"?"), raw("windows", 0, None)]
    refused = await world.sink.write([good[0], bad[0], good[1], bad[1], good[2]])
    await assert_same(world, good)
    assert [one.message for one in refused] == bad
    assert all(one.reason for one in refused)


async def test_nothing_but_bad_messages_is_written_too(world: World) -> None:
    await world.sink.write([raw(SCORED, offset, b"?") for offset in range(3)])
    await world.sink.write([])
    assert world.rows("scored_events") == []


async def test_events_of_more_months_than_an_insert_may_have_are_stored(world: World) -> None:
    messages = [
        scored(number, occurred_at=f"{1990 + number // 12}-{1 + number % 12:02d}-01T00:00:00Z") for number in range(150)
    ]
    await world.sink.write(messages)
    await assert_same(world, messages)


class Outage(MemorySink):
    """A destination that is away at first and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(TABLES)
        self.away = True
        self.asked = 0
        self.largest = 0

    async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        self.asked += 1
        self.largest = max(self.largest, len(messages))
        if self.away:
            raise Unavailable("away for now", 0.01)
        return await super().write(messages)


async def test_the_loop_writes_everything_and_commits_it() -> None:
    source, sink = MemorySource(EVERYTHING), MemorySink(TABLES)
    async with running(source, sink, max_rows=4):
        await until(lambda: source.committed == len(EVERYTHING))
        source.append(scored(50))
        await until(lambda: source.committed == len(EVERYTHING) + 1)
    assert len(sink.rows("scored_events")) == 23


def test_the_pause_between_tries_stays_the_longest_however_often_it_was_tried() -> None:
    tried = RetryCallState(AsyncRetrying(), None, (), {})
    tried.attempt_number = 100_000
    tried.set_exception((Unavailable, Unavailable("away", 0.5), None))
    assert pause_before(tried) == LONGEST_RETRY


async def test_a_batch_is_never_larger_than_asked() -> None:
    sink = Outage()
    sink.away = False
    async with running(source := MemorySource([scored(offset) for offset in range(50)]), sink, max_rows=7):
        await until(lambda: source.committed == 50)
    assert sink.largest == 7


async def test_while_the_destination_is_away_nothing_is_polled_or_committed(unique: Callable[[str], str]) -> None:
    source, sink, group = MemorySource([scored(offset) for offset in range(30)]), Outage(), unique("group")
    labels = {"group": group, "topic": SCORED}
    async with running(source, sink, group=group, max_rows=10):
        await until(lambda: sink.asked >= 3)
        assert (source.committed, await source.lag()) == (0, {SCORED: 20})
        await until(lambda: REGISTRY.get_sample_value("helpdesk_consumer_lag_records", labels) == 30)
        sink.away = False
        await until(lambda: source.committed == 30)
        await until(lambda: REGISTRY.get_sample_value("helpdesk_consumer_lag_records", labels) == 0)
    assert [row["log_offset"] for row in sink.rows("scored_events")] == sorted(range(30), key=str)


async def test_a_stop_during_an_outage_commits_nothing_and_a_restart_writes_it() -> None:
    source, sink = MemorySource([scored(0)]), Outage()
    async with running(source, sink):
        await until(lambda: sink.asked > 0)
    assert source.committed == 0
    sink.away = False
    async with running(source, sink):
        await until(lambda: source.committed == 1)
    assert len(sink.rows("scored_events")) == 1


async def test_an_error_that_is_no_outage_ends_the_loop_before_the_commit() -> None:
    class Broken(MemorySink):
        async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
            raise ZeroDivisionError

    source = MemorySource([scored(0)])
    with pytest.raises(ZeroDivisionError):
        await run_sink(source, Broken(TABLES), Graves(), max_rows=10, max_seconds=0.1, stop=asyncio.Event())
    assert source.committed == 0


class Broker:
    """A topic of its own, with a producer whose records are committed or not."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.brokers = brokers
        self.topic = topic
        self.group = f"{topic}-group"

    def source(self) -> KafkaSource:
        return KafkaSource(self.brokers, self.group, [self.topic])

    async def produce(self, first: int, count: int, *, commit: bool = True) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.brokers, transactional_id=self.topic)
        await producer.start()
        try:
            await producer.begin_transaction()
            for number in range(first, first + count):
                value = scored(number).value
                await producer.send_and_wait(self.topic, value, key=b"%d" % number, partition=number % PARTITIONS)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
        finally:
            await producer.stop()


@pytest.fixture
async def broker(kafka: LocalKafka, unique: Callable[[str], str]) -> Broker:
    made = Broker(kafka.brokers, unique("scored"))
    admin = AIOKafkaAdminClient(bootstrap_servers=made.brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(made.topic, PARTITIONS, 1)])
    finally:
        await admin.close()
    return made


async def keys_of(source: Source, count: int) -> list[int]:
    """The keys of the next `count` messages, sorted."""
    keys: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(keys) < count:
            keys += [int(message.key or b"-1") for message in await source.poll(count - len(keys), 0.2)]
    return sorted(keys)


@asynccontextmanager
async def started(*sources: Source) -> AsyncIterator[None]:
    try:
        for source in sources:
            await source.start()
        yield
    finally:
        for source in sources:
            await source.stop()


async def test_kafka_gives_committed_records_as_messages(broker: Broker) -> None:
    await broker.produce(0, 10, commit=False)
    await broker.produce(10, 10)
    async with started(source := broker.source()):
        async with asyncio.timeout(PATIENCE):
            while not (messages := await source.poll(1, 0.2)):
                pass
        assert messages[0].topic == broker.topic
        assert messages[0].value == scored(int(messages[0].key or b"")).value
        assert messages[0].timestamp > 0
        assert await keys_of(source, 9) == sorted(set(range(10, 20)) - {int(messages[0].key or b"")})
        assert await source.poll(10, 0.2) == []
        assert await source.lag() == {broker.topic: 0}


async def test_kafka_gives_what_was_not_committed_again(broker: Broker) -> None:
    await broker.produce(0, 20)
    async with started(source := broker.source()):
        first = await keys_of(source, 8)
        await source.commit()
        await keys_of(source, 12)
    async with started(source := broker.source()):
        assert await keys_of(source, 12) == sorted(set(range(20)) - set(first))


async def test_kafka_counts_what_waits(broker: Broker) -> None:
    await broker.produce(0, 20)
    async with started(source := broker.source()):
        await keys_of(source, 15)
        # Each partition ends in the marker of its transaction, which is a position too.
        assert (await source.lag())[broker.topic] == pytest.approx(7, abs=2)


async def test_a_commit_for_partitions_that_moved_does_not_fail(broker: Broker) -> None:
    await broker.produce(0, 20)
    async with started(first := broker.source()):
        await keys_of(first, 20)
        async with started(second := broker.source()):
            polled: list[int] = []
            async with asyncio.timeout(PATIENCE):
                while not polled:
                    polled += [int(message.key or b"") for message in await second.poll(20, 0.2)]
            await first.commit()
            await second.commit()
        await broker.produce(20, 20)
        # The second one left: everything new comes to the first, and what neither had committed comes again.
        seen: set[int] = set()
        async with asyncio.timeout(PATIENCE):
            while not seen >= set(range(20, 40)):
                seen |= {int(message.key or b"") for message in await first.poll(50, 0.2)}


async def test_sinks_that_come_and_go_store_every_record(broker: Broker) -> None:
    tables = {broker.topic: "scored_events"}
    stores = [MemorySink(tables) for _ in range(3)]

    def stored() -> set[str]:
        return {row["event_id"] for store in stores for row in store.rows("scored_events")}

    async def everything(count: int) -> None:
        await until(lambda: stored() == {f"event-{number}" for number in range(count)})

    await broker.produce(0, 40)
    async with running(broker.source(), stores[0]):
        await everything(40)
        async with running(broker.source(), stores[1]):
            await broker.produce(40, 40)
            await everything(80)
        await broker.produce(80, 40)
        await everything(120)
    async with running(broker.source(), stores[2]):
        await broker.produce(120, 40)
        await everything(160)
    assert len(stores[2].rows("scored_events")) == 40
