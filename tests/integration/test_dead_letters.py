"""Dead letters on a real broker: found by filters, sent again once, dropped for good."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.deadletters import ATTEMPTS, error_headers
from schemas.rejections import Reason, Rejected
from sinks.base import Message, Refused, Unavailable
from streams import topics
from streams.broker.admin import apply_topics
from streams.broker.burial import KafkaBurial
from streams.up.local_kafka import LocalKafka
from tests.conftest import KAFKA_LIBS
from tests.integration.reading import ends_of, read_committed
from tests.soak.workers import Worker

PARTITIONS = 2
WAIT = 120.0


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with the product's topics, for the tests of this module. Each has letters of a tenant of its own."""
    broker = LocalKafka(tmp_path_factory.mktemp("kafka"), KAFKA_LIBS)
    asyncio.run(broker.start())
    asyncio.run(apply_topics(broker.brokers, topics.ALL, PARTITIONS, 1))
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture
def tenant(unique: Callable[[str], str]) -> str:
    return unique("tenant")


def event(number: int, tenant: str) -> bytes:
    return msgspec.json.encode(
        {"event_id": f"{tenant}-{number}", "tenant": tenant, "ticket_id": f"T{number % 7}", "text": "Late again!"}
    )


async def bury(
    brokers: str, values: Sequence[bytes], *, stage: str = "score", topic: str = topics.EVENTS, partition: int = 1
) -> None:
    """A letter for each value, as the engine writes them, of records 0, 1, 2, ... of a partition; one attempt each."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, transactional_id="test-letters")
    await producer.start()
    async with producer.transaction():
        for offset, value in enumerate(values):
            rejected = Rejected(Reason.FAILED, "record", "ValueError: a fault of ours")
            headers = (("trace", b"\x00\xfe"), *error_headers(stage, topic, partition, offset, rejected, 1))
            await producer.send(
                topics.DEAD_LETTERS, value, b"key", partition=offset % PARTITIONS, headers=list(headers)
            )
    await producer.stop()


def dlq(brokers: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "dlq", *arguments],
        env=os.environ | {"KAFKA_BROKERS": brokers},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def answer(brokers: str, *arguments: str) -> Any:
    """What a command that succeeds prints as JSON."""
    done = dlq(brokers, *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout)


def of_tenant(records: "Sequence[ConsumerRecord[bytes, bytes]]", tenant: str) -> "list[ConsumerRecord[bytes, bytes]]":
    return [one for one in records if tenant.encode() in (one.value or b"")]


async def test_a_redriven_record_is_what_it_was_and_one_that_fails_again_says_how_often(
    kafka: LocalKafka, tenant: str, tmp_path: Path
) -> None:
    good, poison = event(1, tenant), event(2, tenant).replace(b'"text"', b'"channel": "fax", "text"')
    await bury(kafka.brokers, [good, poison])
    worker = Worker("score", 1, kafka.brokers, tmp_path)
    try:
        assert answer(kafka.brokers, "redrive", "--tenant", tenant, "--yes") == {"redriven": 2, "left": {}}
        sent = of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)
        assert {one.value for one in sent} == {good, poison}
        assert [(one.partition, one.key, tuple(one.headers)) for one in sent] == [
            (1, b"key", (("trace", b"\x00\xfe"), (ATTEMPTS, b"1")))
        ] * 2
        async with asyncio.timeout(WAIT):
            while not of_tenant(await read_committed(kafka.brokers, topics.SCORED, PARTITIONS), tenant):
                await asyncio.sleep(0.1)
    finally:
        worker.discard()
    [scored] = of_tenant(await read_committed(kafka.brokers, topics.SCORED, PARTITIONS), tenant)
    assert msgspec.json.decode(scored.value or b"")["event_id"] == f"{tenant}-1"
    [again] = answer(kafka.brokers, "ls", "--tenant", tenant)
    assert (again["reason"], again["attempts"], again["state"]) == ("invalid_field", 2, "open")
    assert again["value"] == poison.decode()
    assert again["headers"] == [["trace", "\x00\\xfe"]]
    redriven = answer(kafka.brokers, "ls", "--tenant", tenant, "--state", "redriven")
    assert [(one["reason"], one["attempts"], one["state"]) for one in redriven] == [
        ("processing_failed", 1, "redriven")
    ] * 2


async def test_a_letter_is_sent_again_once_unless_that_is_asked_for(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(0, tenant)])
    [letter] = answer(kafka.brokers, "ls", "--tenant", tenant)
    assert answer(kafka.brokers, "redrive", letter["id"]) == {"redriven": 1, "left": {}}
    refused = dlq(kafka.brokers, "redrive", letter["id"])
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"ticketpulse: dealt with already: {letter['id']} (redriven)")
    assert answer(kafka.brokers, "redrive", "--tenant", tenant) == {"redriven": 0, "left": {}}
    assert len(of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)) == 1
    assert answer(kafka.brokers, "redrive", letter["id"], "--again") == {"redriven": 1, "left": {}}
    assert len(of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)) == 2


async def test_a_dropped_letter_is_listed_as_dropped_and_not_sent(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(number, tenant) for number in range(4)])
    letters = answer(kafka.brokers, "ls", "--tenant", tenant)
    ids = {one["offset"]: one["id"] for one in letters}
    assert answer(kafka.brokers, "drop", ids[0], ids[3], "--yes", "--note", "a trial") == {"dropped": 2, "left": {}}
    assert sorted(one["offset"] for one in answer(kafka.brokers, "ls", "--tenant", tenant)) == [1, 2]
    dropped = answer(kafka.brokers, "ls", "--tenant", tenant, "--state", "dropped")
    assert sorted((one["offset"], one["state"], one["note"]) for one in dropped) == [
        (0, "dropped", "a trial"),
        (3, "dropped", "a trial"),
    ]
    assert len(answer(kafka.brokers, "ls", "--tenant", tenant, "--state", "any")) == 4
    shown = answer(kafka.brokers, "show", ids[0])
    assert (shown["state"], shown["note"], shown["value"]) == ("dropped", "a trial", event(0, tenant).decode())
    assert shown["marked_at"] >= shown["failed_at"]
    told = dlq(kafka.brokers, "show", ids[0]).stdout
    assert "state: dropped" in told
    assert "note: a trial" in told
    assert answer(kafka.brokers, "redrive", "--tenant", tenant, "--yes") == {"redriven": 2, "left": {}}
    sent = {one.value for one in of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)}
    assert sent == {event(1, tenant), event(2, tenant)}


async def test_many_are_asked_about_and_a_dry_run_does_nothing(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(number, tenant) for number in range(3)])
    refused = dlq(kafka.brokers, "drop", "--tenant", tenant)
    assert refused.returncode == 2
    assert "3 letters to drop: look at them with --dry-run, then add --yes" in refused.stderr
    ids = [one["id"] for one in answer(kafka.brokers, "ls", "--tenant", tenant)]
    dry = answer(kafka.brokers, "redrive", "--tenant", tenant, "--dry-run")
    assert dry["dry_run"]
    assert sorted(dry["letters"]) == sorted(ids)
    assert "processing_failed  3" in dlq(kafka.brokers, "drop", "--tenant", tenant, "--dry-run").stdout
    assert len(answer(kafka.brokers, "redrive", "--tenant", tenant, "--dry-run", "--limit", "2")["letters"]) == 2
    assert len(answer(kafka.brokers, "ls", "--tenant", tenant)) == 3
    assert of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant) == []


def at_a_terminal(brokers: str, reply: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command whose question somebody answers."""
    person, terminal = pty.openpty()
    os.write(person, f"{reply}\n".encode())
    try:
        return subprocess.run(
            [sys.executable, "-m", "streams.cli", "dlq", *arguments],
            env=os.environ | {"KAFKA_BROKERS": brokers},
            stdin=terminal,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(person)
        os.close(terminal)


async def test_at_a_terminal_the_answer_decides(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(number, tenant) for number in range(3)])
    refused = at_a_terminal(kafka.brokers, "n", "redrive", "--tenant", tenant)
    assert (refused.returncode, refused.stdout.strip()) == (1, "")
    assert "redrive 3 letters?" in refused.stderr
    assert refused.stderr.endswith("nothing was done\n")
    assert of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant) == []
    agreed = at_a_terminal(kafka.brokers, "y", "redrive", "--tenant", tenant, "--limit", "2")
    assert (agreed.returncode, agreed.stdout.strip()) == (0, "2 letters redriven")
    assert len(of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)) == 2


async def test_letters_are_found_by_every_filter(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(number, tenant) for number in range(4)])
    await bury(kafka.brokers, [event(9, tenant)], stage="track", topic=topics.SCORED, partition=0)
    found = answer(kafka.brokers, "ls", "--tenant", tenant)

    def offsets(*options: str) -> list[int]:
        return sorted(one["offset"] for one in answer(kafka.brokers, "ls", "--tenant", tenant, *options))

    place = ("--topic", topics.EVENTS, "--partition", "1")
    assert offsets("--stage", "score") == [0, 1, 2, 3]
    assert offsets("--topic", topics.SCORED) == [0]
    assert offsets(*place, "--offset", "2") == [2]
    assert offsets(*place, "--offset", "1-2") == [1, 2]
    assert offsets("--reason", "not_json") == []
    assert len(offsets("--limit", "1", "--stage", "score")) == 1
    last = max(one["failed_at"] for one in found)
    assert len(offsets("--since", last)) + len(offsets("--until", last)) == 5
    assert offsets("--until", "2026-01-01") == offsets("--since", "2099-01-01") == []


async def test_what_cannot_be_sent_again_is_left_and_says_why(kafka: LocalKafka, tenant: str) -> None:
    await bury(kafka.brokers, [event(1, tenant)], stage="trends", topic=topics.PARTIALS)
    await bury(kafka.brokers, [event(2, tenant)], topic=topics.changelog_of("track"))
    await bury(kafka.brokers, [event(3, tenant)], partition=PARTITIONS)
    done = dlq(kafka.brokers, "redrive", "--tenant", tenant, "--yes")
    assert done.returncode == 1
    assert done.stdout == "0 letters redriven\n"
    for why in ("windows rebuild", "which is none of", "has no partition 2"):
        assert why in done.stderr
    assert len(answer(kafka.brokers, "ls", "--tenant", tenant)) == 3


async def test_a_row_that_a_sink_refuses_is_a_letter_that_is_not_sent_again(kafka: LocalKafka, tenant: str) -> None:
    row = Message(topics.SCORED, 1, 17, 0, b"key", event(1, tenant), (("trace", b"\x00\xfe"),))
    nothing = row._replace(offset=18, key=None, value=None)
    letter = row._replace(topic=topics.DEAD_LETTERS)
    burial = KafkaBurial(kafka.brokers, "ticketpulse", "clickhouse")
    await burial.bury([Refused(letter, "a letter of a letter of a letter")])
    await burial.bury([Refused(row, "VIOLATED_CONSTRAINT"), Refused(nothing, "a record without a value")])
    await burial.close()
    found = answer(kafka.brokers, "ls", "--stage", "clickhouse", "--reason", "refused_row")
    assert sorted((one["topic"], one["partition"], one["offset"], one["message"], one["value"]) for one in found) == [
        (topics.SCORED, 1, 17, "row: VIOLATED_CONSTRAINT", event(1, tenant).decode()),
        (topics.SCORED, 1, 18, "row: a record without a value", None),
    ]
    assert {one["attempts"] for one in found} == {1}
    assert [one["headers"] for one in found] == [[["trace", "\x00\\xfe"]]] * 2
    done = dlq(kafka.brokers, "redrive", "--tenant", tenant)
    assert done.returncode == 1
    assert "the topic's other readers have read it" in done.stderr
    assert of_tenant(await read_committed(kafka.brokers, topics.SCORED, PARTITIONS), tenant) == []


async def test_refused_rows_that_cannot_be_kept_are_tried_again() -> None:
    burial = KafkaBurial("127.0.0.1:1", "ticketpulse", "clickhouse")
    row = Message(topics.SCORED, 1, 17, 0, None, b"?")
    for _ in range(2):
        with pytest.raises(Unavailable, match="1 refused messages cannot be sent"):
            await burial.bury([Refused(row, "why")])


async def test_poison_stops_nothing_whatever_its_share(kafka: LocalKafka, tenant: str, tmp_path: Path) -> None:
    poison = b"no event of " + tenant.encode()
    events = [event(number, tenant) if number % 50 == 0 else poison for number in range(2_000)]
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers)
    await producer.start()
    for number, value in enumerate(events):
        await producer.send(topics.EVENTS, value, partition=number % PARTITIONS)
    await producer.stop()
    worker = Worker("score", 2, kafka.brokers, tmp_path)

    async def read(topic: str) -> int:
        assert worker.alive()
        return len(of_tenant(await read_committed(kafka.brokers, topic, PARTITIONS), tenant))

    try:
        async with asyncio.timeout(WAIT):
            while await read(topics.SCORED) < 40 or await read(topics.DEAD_LETTERS) < 1_960:
                await asyncio.sleep(0.2)
        assert (await read(topics.SCORED), await read(topics.DEAD_LETTERS)) == (40, 1_960)
    finally:
        worker.discard()


async def test_whoever_sends_at_once_and_whenever_one_is_killed_each_record_is_sent_once(
    kafka: LocalKafka, tenant: str
) -> None:
    values = [event(number, tenant) for number in range(6_000)]
    await bury(kafka.brokers, values)
    argv = [sys.executable, "-m", "streams.cli", "dlq", "redrive", "--tenant", tenant, "--yes"]
    environment = os.environ | {"KAFKA_BROKERS": kafka.brokers}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    end = TopicPartition(topics.EVENTS, 1)
    before = (await ends_of(kafka.brokers, [end]))[end]
    killed = start()
    async with asyncio.timeout(WAIT):
        while (await ends_of(kafka.brokers, [end]))[end] == before:
            await asyncio.sleep(0)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    both = [start(), start()]
    said = [process.communicate(timeout=WAIT) for process in both]
    # One of them may have been overtaken; the other went on in its stead, and ends with 1 too if it had chosen letters
    # that the first had sent before.
    assert len([error for _, error in said if "began after this one" in error]) < 2
    assert [error for _, error in said if "Traceback" in error] == []
    assert answer(kafka.brokers, "ls", "--tenant", tenant) == []
    sent = Counter(
        one.value for one in of_tenant(await read_committed(kafka.brokers, topics.EVENTS, PARTITIONS), tenant)
    )
    assert sent == Counter(values)
