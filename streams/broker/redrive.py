"""Deal with dead letters: send their records again, or drop them, and leave a mark behind each.

A record, the mark of its letter and what the audit is told of it are one Kafka transaction, so a letter that was sent
again is known to be, whenever the command that does it ends. All who deal with letters have one transactional id: who
begins fences who began earlier, and looks for the marks of the earlier one only after that. So no letter is sent twice
by two who do it at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from schemas.audit import audit_key, encode_audit
from schemas.deadletters import ATTEMPTS, DeadLetter
from sinks.kafka_cluster import Brokers
from streams import topics
from streams.audit import of_command
from streams.broker.admin import describe_topics
from streams.broker.letter_reader import reading
from streams.broker.letters import Found, Id, Letter, State, id_text, mark_headers
from streams.engine.kafka_transactions import Entry, TransactionalProducer
from streams.engine.log import Fenced, Headers
from streams.engine.partitioner import partition_of

# What a stage takes again. Not the windows' partial totals: they are whole, so an old one would replace a newer one.
INPUTS = (topics.EVENTS, topics.SCORED, topics.REGISTRY)
# Destinations that refuse rows, named as stages are.
SINKS = ("clickhouse",)
# The note of letters that name somebody who was erased: they are sent again by nobody.
ERASED = "erased"
# One transaction: of so many letters, or so many bytes.
MOST_LETTERS = 500
MOST_BYTES = 4 * 1_048_576


class Dealt(NamedTuple):
    """Letters that were dealt with, and those that were not, each with the reason."""

    done: int
    left: dict[str, str]


class Sent(NamedTuple):
    """A letter's record as it is sent again."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class CannotBeSent(ValueError):
    """A letter's record cannot be sent again; the message says why."""


# How a letter's record is sent again. Raises CannotBeSent.
Sending = Callable[[DeadLetter], Sent]


def as_it_was(letter: DeadLetter) -> Sent:
    """The record byte for byte."""
    return Sent(letter.key, letter.value, letter.headers)


class Overtaken(Exception):
    """Somebody else began to deal with letters; the message says how far this one came."""


async def redrive(
    brokers: Brokers,
    name: str,
    found: Found,
    ids: Collection[Id],
    *,
    again: bool,
    note: str,
    sending: Sending = as_it_was,
) -> Dealt:
    """Send the records of these letters to the topics and partitions that they came from, as they were: same bytes,
    same headers, with the number of attempts so far; events as `sending` makes them. A letter that got a mark since it
    was found is left, and one that had a mark then, unless `again`.

    Raises Overtaken, and KafkaError when the broker is away; what was done until then stays done.
    """
    return await _deal(brokers, name, found, ids, State.REDRIVEN, again=again, note=note, sending=sending)


async def drop(
    brokers: Brokers, name: str, found: Found, ids: Collection[Id], *, note: str, again: bool = False
) -> Dealt:
    """Mark these letters as dropped: nobody wants their records any more. Their bytes stay for as long as the topic
    keeps them. A letter that got a mark meanwhile is left, and one that had a mark then, unless `again`. Raises as
    `redrive` does.
    """
    return await _deal(brokers, name, found, ids, State.DROPPED, again=again, note=note)


async def _deal(
    brokers: Brokers,
    name: str,
    found: Found,
    ids: Collection[Id],
    state: State,
    *,
    again: bool,
    note: str,
    sending: Sending = as_it_was,
) -> Dealt:
    if not ids:
        return Dealt(0, {})
    asyncio.get_running_loop().set_exception_handler(_pass_over_fenced)
    producer = TransactionalProducer(brokers, f"{name}-dlq")
    done, left = 0, dict[str, str]()
    try:
        async with reading(brokers) as letters:
            await producer.start()
            meanwhile = await letters.marks_since(found.ends)
            marked = meanwhile if again else meanwhile | found.marks.keys()
            left = {id_text(one): "it was dealt with already" for one in ids if one in marked}
            partitions = await _partitions(brokers)
            async for batch in _batches(letters.read(found, [one for one in ids if one not in marked])):
                sound, records = batch, dict[str, Sent]()
                if state is State.REDRIVEN:
                    records, problems = _records(batch, partitions, sending)
                    left |= problems
                    sound = [one for one in batch if one.id not in problems]
                if sound:
                    entries = _entries(sound, records, state, note)
                    if count := partitions.get(topics.AUDIT):
                        entries |= _audited(sound, state, note, count)
                    await producer.commit(entries)
                    done += len(sound)
    except Fenced:
        raise Overtaken(
            f"another `ticketpulse dlq` began after this one and goes on in its stead; {done} letters were dealt with "
            "here. Run it again for the rest"
        ) from None
    finally:
        await producer.close()
    return Dealt(done, left)


def why_not(one: Letter, partitions: dict[str, int]) -> str | None:
    """Why a letter's record cannot be sent again; None when it can. `partitions` are those of each topic."""
    letter = one.letter
    if one.mark is not None and one.mark.note == ERASED:
        return "it names somebody who was erased"
    if letter.stage in SINKS:
        return (
            f"{letter.stage} refused its row, and the topic's other readers have read it: correct the cause and set "
            "the sink's group back to before it, as the runbook SinkRejectsRows tells"
        )
    if letter.topic == topics.PARTIALS:
        return (
            "totals of windows are not sent again, because older ones would replace newer ones: "
            "`ticketpulse windows rebuild` counts the windows anew"
        )
    if letter.topic not in INPUTS:
        return f"it came from {letter.topic or 'no topic that it names'}, which is none of {', '.join(INPUTS)}"
    if not 0 <= letter.partition < partitions.get(letter.topic, 0):
        return f"{letter.topic} has no partition {letter.partition}"
    return None


def _pass_over_fenced(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The client fails a future of its own for each batch too, which nobody can wait for."""
    if not isinstance(context.get("exception"), ProducerFenced):
        loop.default_exception_handler(context)


async def _partitions(brokers: Brokers) -> dict[str, int]:
    described = await describe_topics(brokers, (*INPUTS, topics.AUDIT))
    return {topic.name: topic.partitions for topic in described}


def _audited(letters: Sequence[Letter], state: State, note: str, partitions: int) -> dict[TopicPartition, list[Entry]]:
    actions = {State.REDRIVEN: "dlq.redrive", State.DROPPED: "dlq.drop"}
    record = of_command(actions[state], [letter.id for letter in letters], note, datetime.now(UTC))
    key, value = audit_key(record), encode_audit(record)
    return {TopicPartition(topics.AUDIT, partition_of(key, value, partitions)): [(key, value, ())]}


async def _batches(letters: AsyncIterator[Letter]) -> AsyncIterator[Sequence[Letter]]:
    batch: list[Letter] = []
    size = 0
    async for one in letters:
        batch.append(one)
        size += len(one.letter.value or b"")
        if len(batch) >= MOST_LETTERS or size >= MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _records(
    letters: Sequence[Letter], partitions: dict[str, int], sending: Sending
) -> tuple[dict[str, Sent], dict[str, str]]:
    """What is sent of each letter, and why others are left."""
    records, problems = dict[str, Sent](), dict[str, str]()
    for one in letters:
        if why := why_not(one, partitions):
            problems[one.id] = why
            continue
        try:
            records[one.id] = sending(one.letter) if one.letter.topic == topics.EVENTS else as_it_was(one.letter)
        except CannotBeSent as error:
            problems[one.id] = str(error)
    return records, problems


def _entries(
    letters: Sequence[Letter], records: Mapping[str, Sent], state: State, note: str
) -> dict[TopicPartition, list[Entry]]:
    entries: dict[TopicPartition, list[Entry]] = {}
    for one in letters:
        letter = one.letter
        if state is State.REDRIVEN:
            sent = records[one.id]
            headers = (*sent.headers, (ATTEMPTS, b"%d" % letter.attempts))
            # Its own partition, whatever its key: there is the state of its ticket.
            source = TopicPartition(letter.topic, letter.partition)
            entries.setdefault(source, []).append((sent.key, sent.value, headers))
        place = TopicPartition(topics.DEAD_LETTERS, one.partition)
        entries.setdefault(place, []).append((one.id.encode(), None, mark_headers(one, state, note)))
    return entries
