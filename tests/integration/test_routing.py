"""Tickets are given to agents by real workers that are killed in the middle: each once, and nobody gets too many."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.assignments import Assignment, decode_assignment
from schemas.events import ticket_key
from schemas.scored import ScoredEvent, encode_event
from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.soak.workers import StageProcess

PARTITIONS = 2
WAIT = 90.0
# Two rounds of all that everybody can have.
TICKETS = 14
CAPACITY = {"ann": 4, "bob": 3}
ROSTER = """
fallback = "general"
[[queues]]
name = "general"
[[agents]]
name = "ann"
queues = ["general"]
capacity = 4
[[agents]]
name = "bob"
queues = ["general"]
capacity = 3
"""


class Desk:
    """What is published of assignments, in the order of the log, and events of tickets."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._consumer, self._producer = consumer, producer
        self._events = 0
        self.records: list[Assignment] = []

    async def happen(self, ticket: str, **fields: Any) -> None:
        self._events += 1
        now = datetime.now(UTC)
        event = ScoredEvent(
            **{
                "event_id": f"{ticket}-{self._events}",
                "ticket_id": ticket,
                "occurred_at": now,
                "received_at": now,
                "voice": "customer",
                "category": "general",
                "text": "Where is my parcel?",
                **fields,
            }
        )
        await self._producer.send_and_wait(topics.SCORED, encode_event(event), key=ticket_key("default", ticket))

    async def until(self, holds: Callable[[], bool]) -> None:
        until = asyncio.get_running_loop().time() + WAIT
        while not holds():
            assert asyncio.get_running_loop().time() < until, self.told()
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                self.records += [decode_assignment(record.value) for record in records]

    def told(self) -> str:
        """All of it, a line each."""
        return "\n".join(f"{each.ticket_id} {each.revision} {each.state} {each.agent}" for each in self.records)

    async def has_given(self, tickets: int, done: set[str]) -> None:
        """Wait until so many of those that are not done have somebody, and none of the others."""
        await self.until(lambda: len(self.having()) == tickets and done.isdisjoint(self.having()))

    def having(self) -> dict[str, str]:
        """Who has which ticket now."""
        newest = {each.ticket_id: each for each in self.records}
        return {ticket: each.agent for ticket, each in newest.items() if each.state == "assigned"}


@asynccontextmanager
async def desk(kafka: LocalKafka) -> AsyncIterator[Desk]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.brokers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
        consumer.assign([TopicPartition(topics.ASSIGNMENTS, partition) for partition in range(PARTITIONS)])
        await consumer.start()
        try:
            yield Desk(consumer, producer)
        finally:
            await consumer.stop()


async def test_each_ticket_is_given_once_although_workers_are_killed(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    policies = tmp_path / "policies"
    (policies / "rosters").mkdir(parents=True)
    (policies / "rosters" / "desk.toml").write_text(ROSTER)
    (policies / "book.toml").write_text('[[routing]]\ntenant = "default"\nroster = "rosters/desk.toml"\n')
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(desk(own_kafka))
        numbers = iter(range(100))

        def start(stage: str) -> StageProcess:
            process = StageProcess(
                stage, next(numbers), own_kafka.brokers, tmp_path, also={"TICKETPULSE_POLICIES": str(policies)}
            )
            stack.callback(process.discard)
            return process

        track, routing = start("track"), start("routing")
        for number in range(TICKETS):
            await at.happen(f"T-{number}")
            if number == TICKETS // 2:
                routing.kill()
                routing = start("routing")
        room = sum(CAPACITY.values())
        done: set[str] = set()
        for _ in range(TICKETS // room):
            await at.has_given(room, done)
            assert not Counter(at.having().values()) - Counter(CAPACITY)
            routing.kill()
            done |= at.having().keys()
            for ticket in at.having():
                await at.happen(ticket, type="status_changed", status="resolved", text=None)
            track.kill()
            routing, track = start("routing"), start("track")
        await at.until(lambda: sum(each.state == "over" for each in at.records) == TICKETS)
    stories: dict[str, list[Assignment]] = defaultdict(list)
    for each in at.records:
        stories[each.ticket_id].append(each)
    assert len(stories) == TICKETS
    for story in stories.values():
        assert [each.revision for each in story] == list(range(1, len(story) + 1))
        assert [each.state for each in story if each.state != "waiting"] == ["assigned", "over"]
        assert len({each.assignment_id for each in story}) == len(story)
