"""An erasure through the running pipeline: each stage is told in the order of the flow, and says what it removed.

A stage is told on its own input, in every partition, when all stages before it have answered: what they had sent of the
person lies before it then. The stage removes the rows in its own transactions, so that whoever is killed, fenced or
re-balanced in between loses nothing of it. What came of it lies on `tickets.erasures.v1`: a run that was ended goes on.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.audit import AuditRecord, audit_key, encode_audit
from schemas.erasures import ERASURE_HEADER, Erasure, Removed, Step, Told, decode_erasure, encode_erasure
from sinks.kafka_cluster import Brokers, client_arguments
from streams import topics
from streams.broker.admin import TopicError, describe_topics
from streams.engine.kafka_transactions import Entry, TransactionalProducer
from streams.engine.log import Fenced
from streams.engine.partitioner import partition_of

#: In the order of the flow; those of one step need not wait for each other.
WAY: Final[Sequence[Mapping[str, str]]] = (
    {"score": topics.EVENTS},
    {"track": topics.SCORED},
    {"registry": topics.REGISTRY, "trends": topics.PARTIALS, "notify": topics.NOTICES, "routing": topics.ROUTING},
)
REQUEST, RECEIPT = "request", "receipt"
_WRITTEN: Final = (*(topic for stages in WAY for topic in stages.values()), topics.ERASURES, topics.AUDIT)


class NoAnswer(Exception):
    """A stage has not answered, or cannot. The message says which and what to do."""


class Overtaken(Exception):
    """Somebody else began to erase."""


class ErasureLog:
    """What was told of erasures, from the beginning, and where more is told. Made by `erasure_log`."""

    def __init__(self, consumer: Any, producer: TransactionalProducer, partitions: Mapping[str, int]) -> None:
        self._consumer = consumer
        self._producer = producer
        self._partitions = partitions
        self.told: list[Told] = []

    def steps(self, erasure_id: str) -> list[Step]:
        """What was done of an erasure, in its order."""
        return [each for each in self.told if isinstance(each, Step) and each.erasure_id == erasure_id]

    def unfinished(self, tenant: str, subject: str) -> Step | None:
        """The request of a run for the same person that was not ended."""
        ended = {each.erasure_id for each in self.told if isinstance(each, Step) and each.name == RECEIPT}
        asked = (each for each in self.told if isinstance(each, Step) and each.name == REQUEST)
        return next(
            (
                each
                for each in asked
                if (each.tenant, each.subject) == (tenant, subject) and each.erasure_id not in ended
            ),
            None,
        )

    def answers(self, erasure_id: str) -> list[Removed]:
        """What stages answered to it, in any round."""
        return [each for each in self.told if isinstance(each, Removed) and each.erasure_id == erasure_id]

    async def note(self, step: Step, audit: AuditRecord | None = None) -> None:
        """Note a step, with what the audit is to know of it."""
        key, value = step.erasure_id.encode(), encode_erasure(step)
        entries = self._at(topics.ERASURES, key, value)
        if audit is not None:
            entries |= self._at(topics.AUDIT, audit_key(audit), encode_audit(audit))
        await self._commit(entries)
        self.told.append(step)

    async def pass_on(self, erasure: Erasure, show: Callable[[str], None], seconds: float) -> None:
        """Tell every stage, and wait for all of them; each has so many seconds since the last answer. Raises NoAnswer,
        Overtaken and KafkaError.
        """
        for stages in WAY:
            for topic in stages.values():
                entry: Entry = (erasure.erasure_id.encode(), encode_erasure(erasure), ((ERASURE_HEADER, b"1"),))
                targets = [TopicPartition(topic, number) for number in range(self._partitions[topic])]
                await self._commit({target: [entry] for target in targets})
            await self._await_answers(erasure, stages, show, seconds)

    async def _await_answers(
        self, erasure: Erasure, stages: Mapping[str, str], show: Callable[[str], None], seconds: float
    ) -> None:
        wanted = {(stage, number) for stage, topic in stages.items() for number in range(self._partitions[topic])}
        last = time.monotonic()
        while wanted:
            show(f"waiting for {', '.join(sorted({stage for stage, _ in wanted}))}")
            for one in await self.read():
                if isinstance(one, Removed) and (one.erasure_id, one.round) == (erasure.erasure_id, erasure.round):
                    _check(one)
                    wanted.discard((one.stage, one.partition))
                    last = time.monotonic()
            if wanted and time.monotonic() - last > seconds:
                missing = ", ".join(sorted({stage for stage, _ in wanted}))
                raise NoAnswer(
                    f"no answer from {missing} for {seconds:g} s: are its workers running and keeping up "
                    "(`ticketpulse status`)? What is done stays done: run the same command again to go on"
                )

    async def read(self, wait_ms: int = 100) -> list[Told]:
        """What was told since."""
        found: list[Told] = []
        for records in (await self._consumer.getmany(timeout_ms=wait_ms)).values():
            found += [decode_erasure(record.value) for record in records]
        self.told += [each for each in found if not isinstance(each, Step) or each not in self.told]
        return found

    async def read_all(self) -> None:
        """What was told until now."""
        partitions = [TopicPartition(topics.ERASURES, number) for number in range(self._partitions[topics.ERASURES])]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        ends = await self._consumer.end_offsets(partitions)
        while any([await self._consumer.position(one) < end for one, end in ends.items()]):
            await self.read()

    def _at(self, topic: str, key: bytes, value: bytes) -> dict[TopicPartition, list[Entry]]:
        return {TopicPartition(topic, partition_of(key, value, self._partitions[topic])): [(key, value, ())]}

    async def _commit(self, entries: Mapping[TopicPartition, Sequence[Entry]]) -> None:
        try:
            await self._producer.commit(entries)
        except Fenced:
            raise Overtaken(
                "another `ticketpulse privacy erase` began after this one: wait for it, then run this again"
            ) from None


class Counted(NamedTuple):
    """What was removed: rows of stages' states by stage and kind, and what steps removed by place."""

    stages: dict[str, int]
    places: dict[str, int]


def counted(answers: Sequence[Removed], steps: Sequence[Step]) -> Counted:
    """All that was removed, in all rounds. A step that was begun again counted what was left of it."""
    stages: Counter[str] = Counter()
    for one in answers:
        # Hashes that are left out from now on are nothing that was removed.
        stages.update({f"{one.stage} {kind}": rows for kind, rows in one.rows.items() if one.stage != "score"})
    most: dict[str, dict[str, int]] = {}
    for step in steps:
        before = most.get(step.name, {})
        most[step.name] = {place: max(rows, before.get(place, 0)) for place, rows in step.removed.items()}
    places: Counter[str] = Counter()
    for removed in most.values():
        places.update(removed)
    return Counted({name: rows for name, rows in stages.items() if rows}, {name: n for name, n in places.items() if n})


def remaining(now: datetime, kept: Sequence[topics.Topic]) -> dict[str, datetime]:
    """When the last copy of what was written before `now` is gone from each topic, by the settings of the topics: an
    old record goes with its segment, whose newest record must be old enough; an old row of a state when its topic is
    compacted.
    """
    return {
        topic.name: datetime.fromtimestamp((now.timestamp() * 1000 + topics.longest_ms(topic)) / 1000, UTC)
        for topic in kept
        if topic.name != topics.ERASURES
    }


@asynccontextmanager
async def erasure_log(brokers: Brokers, name: str) -> AsyncIterator[ErasureLog]:
    """The log of erasures, read up to now; whoever had it before is fenced. Raises TopicError and KafkaError."""
    described = {topic.name: topic.partitions for topic in await describe_topics(brokers, _WRITTEN)}
    if missing := [topic for topic in _WRITTEN if topic not in described]:
        raise TopicError(f"topic {missing[0]} is missing: `ticketpulse topics apply` creates it")
    producer = TransactionalProducer(brokers, f"{name}-erase")
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers), isolation_level="read_committed", enable_auto_commit=False, fetch_max_wait_ms=50
    )
    try:
        await consumer.start()
        await producer.start()
        log = ErasureLog(consumer, producer, described)
        await log.read_all()
        yield log
    finally:
        await producer.close()
        await consumer.stop()


def _check(answer: Removed) -> None:
    if answer.unknown_keys:
        raise NoAnswer(
            f"a worker of {answer.stage} has not the key {', '.join(answer.unknown_keys)}: give all workers the same "
            "TICKETPULSE_PRIVACY_KEYS, then run the same command again"
        )
