"""The commands on a real broker: topics, events, dead letters, lag."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from schemas.deadletters import error_headers
from schemas.rejections import Reason, Rejected
from streams.broker.admin import TopicError, apply_topics, describe_topics
from streams.broker.lag import measure
from streams.cli import main
from streams.topics import ALL, DEAD_LETTERS, EVENTS, Topic
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port

KEPT = {"cleanup.policy": "delete", "retention.ms": "1000000"}


async def test_topics_are_made_once(kafka: LocalKafka, unique: Callable[[str], str]) -> None:
    topic = Topic(unique("made"), KEPT)
    assert [one.action for one in await apply_topics(kafka.brokers, [topic], 3, 1)] == ["created"]
    assert [one.action for one in await apply_topics(kafka.brokers, [topic], 3, 1)] == ["unchanged"]
    [described] = await describe_topics(kafka.brokers, [topic.name])
    assert (described.partitions, described.replication, described.leaderless) == (3, 1, 0)
    assert described.settings.items() >= KEPT.items()


async def test_settings_that_differ_are_altered_and_others_left_alone(
    kafka: LocalKafka, unique: Callable[[str], str]
) -> None:
    name = unique("altered")
    await apply_topics(kafka.brokers, [Topic(name, KEPT | {"segment.bytes": "5000000"})], 1, 1)
    [applied] = await apply_topics(kafka.brokers, [Topic(name, {"retention.ms": "2000000"})], 1, 1)
    assert applied.action == "altered"
    assert applied.changes == {"retention.ms": ("1000000", "2000000")}
    [described] = await describe_topics(kafka.brokers, [name])
    assert described.settings["segment.bytes"] == "5000000"
    assert described.settings["retention.ms"] == "2000000"


async def test_another_number_of_partitions_is_refused_before_anything_changes(
    kafka: LocalKafka, unique: Callable[[str], str]
) -> None:
    there, missing = Topic(unique("there"), KEPT), Topic(unique("missing"), KEPT)
    await apply_topics(kafka.brokers, [there], 2, 1)
    with pytest.raises(TopicError, match="TICKETPULSE_PARTITIONS=2"):
        await apply_topics(kafka.brokers, [missing, there], 3, 1)
    assert await describe_topics(kafka.brokers, [missing.name]) == []


async def test_a_replication_that_cannot_be_had_is_explained(kafka: LocalKafka, unique: Callable[[str], str]) -> None:
    with pytest.raises(TopicError, match="cannot be created"):
        await apply_topics(kafka.brokers, [Topic(unique("wide"), KEPT)], 1, 3)


async def test_lag_counts_records_and_not_the_markers_of_transactions(
    kafka: LocalKafka, unique: Callable[[str], str]
) -> None:
    topic, group = unique("lag"), unique("group")
    await apply_topics(kafka.brokers, [Topic(topic, KEPT)], 2, 1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=unique("writer"))
    await producer.start()
    for number in range(6):
        async with producer.transaction():
            await producer.send_and_wait(topic, b"%d" % number, partition=number % 2)
    await producer.stop()

    async def lag() -> int:
        [one] = await measure(kafka.brokers, {group: [topic]}, seconds=0.01)
        assert (one.group, one.topic) == (group, topic)
        return one.lag

    assert await lag() == 6
    await _commit(kafka.brokers, group, {TopicPartition(topic, 0): 2, TopicPartition(topic, 1): 0})
    assert await lag() == 5
    # After the last record of a partition comes a marker that nobody reads.
    await _commit(kafka.brokers, group, {TopicPartition(topic, 0): 5, TopicPartition(topic, 1): 5})
    assert await lag() == 0


async def test_a_topic_that_is_not_there_has_no_lag(kafka: LocalKafka, unique: Callable[[str], str]) -> None:
    assert await measure(kafka.brokers, {unique("group"): [unique("absent")]}, seconds=0.01) == []


async def _commit(brokers: str, group: str, offsets: dict[TopicPartition, int]) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(list(offsets))
    await consumer.commit({partition: OffsetAndMetadata(offset, "") for partition, offset in offsets.items()})
    await consumer.stop()


def test_a_pipelines_worth_of_commands(
    own_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """topics, produce, feed, dlq and status in the order in which a person meets them."""
    asyncio.run(own_kafka.start())
    monkeypatch.setenv("KAFKA_BROKERS", own_kafka.brokers)
    monkeypatch.setenv("TICKETPULSE_PARTITIONS", "2")
    monkeypatch.setenv("TICKETPULSE_PAGE_PORT", str(free_port()))

    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "argv", ["ticketpulse", *arguments, "-o", "json"])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), msgspec.json.decode(said.out), said.err

    code, applied, _ = run("topics", "apply")
    assert code == 0
    assert {one["topic"]: one["action"] for one in applied} == {topic.name: "created" for topic in ALL}
    _, listed, _ = run("topics", "ls")
    assert {topic["name"]: topic["partitions"] for topic in listed} == {topic.name: 2 for topic in ALL}

    events = b"\n".join(b'{"event_id": "%d", "ticket_id": "T%d", "text": "x"}' % (n, n % 7) for n in range(2500))
    code, counted, said = run("produce", "-", stdin=events + b"\ncomplaint\n")
    assert (code, counted) == (1, {"acknowledged": 2500, "rejected": 1})
    assert said.startswith("line 2501: ")

    code, status, said = run("status")
    assert code == 0
    assert {(one["group"], one["topic"]): one["lag"] for one in status["groups"]}[("ticketpulse-score", EVENTS)] == 2500
    assert "the page at" in said

    assert run("dlq", "ls")[:2] == (0, [])
    asyncio.run(_bury(own_kafka.brokers))
    _, letters, _ = run("dlq", "ls")
    assert [(one["reason"], one["offset"]) for one in letters] == [("not_json", 0), ("bad_time", 1), ("not_json", 2)]
    assert [one["offset"] for one in run("dlq", "ls", "--reason", "not_json")[1]] == [0, 2]
    assert [one["offset"] for one in run("dlq", "ls", "--limit", "1")[1]] == [2]
    assert run("dlq", "ls", "--stage", "track")[1] == []
    _, shown, _ = run("dlq", "show", letters[0]["id"])
    assert shown["value"] == "untouched \\xff"
    assert shown["value_base64"] == "dW50b3VjaGVkIP8="
    assert (shown["topic"], shown["partition"], shown["message"]) == (EVENTS, 1, "value: no JSON")
    assert shown["headers"] == [["trace", "abc"]]


async def _bury(brokers: str) -> None:
    """Three dead letters, each in a transaction of its own, as the engine writes them."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, transactional_id="test-letters")
    await producer.start()
    for offset, reason in enumerate((Reason.NOT_JSON, Reason.TIME, Reason.NOT_JSON)):
        headers = error_headers("score", EVENTS, 1, offset, Rejected(reason, "value", "no JSON"), 1)
        async with producer.transaction():
            await producer.send_and_wait(
                DEAD_LETTERS, b"untouched \xff", b"key", partition=offset % 2, headers=[("trace", b"abc"), *headers]
            )
    await producer.stop()


def test_a_missing_letter_is_one_line(kafka: LocalKafka) -> None:
    done = _command(kafka.brokers, "dlq", "show", "0-999999")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_the_feed_stops_after_so_many_events_and_at_ctrl_c(kafka: LocalKafka) -> None:
    asyncio.run(apply_topics(kafka.brokers, [Topic(EVENTS, {})], 2, 1))
    before = asyncio.run(_written(kafka.brokers))
    assert _command(kafka.brokers, "feed", "--rate", "20000", "--events", "500").returncode == 0
    assert asyncio.run(_written(kafka.brokers)) - before >= 500
    endless = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "feed", "--rate", "100"],
        env=os.environ | {"KAFKA_BROKERS": kafka.brokers},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert endless.stderr
    endless.stderr.readline()
    endless.send_signal(signal.SIGINT)
    _, said = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert "Traceback" not in said


async def _written(brokers: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers)
    await consumer.start()
    ends = await consumer.end_offsets([TopicPartition(EVENTS, 0), TopicPartition(EVENTS, 1)])
    await consumer.stop()
    return sum(ends.values())


def _command(brokers: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=os.environ | {"KAFKA_BROKERS": brokers},
        capture_output=True,
        text=True,
        check=False,
    )
