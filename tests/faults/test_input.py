"""Input that nobody would send on purpose, or that somebody does: over the wire, through the real processes."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from schemas.deadletters import MESSAGE, REASON
from schemas.events import MAX_EVENT_BYTES, TicketEvent, read_event
from schemas.scored import encode_event
from streams import topics
from streams.engine.attempt import MAX_RECORD_BYTES
from streams.gateway.app import EVENTS_PATH
from streams.gateway.reading import DEFAULT_LIMITS
from streams.up.local_kafka import LocalKafka
from streams.up.processes import answers, free_port, last_lines, tied
from tests.faults.pipeline import PARTITIONS, Pipeline, pipeline
from tests.faults.written import Written, event, poison
from tests.soak.cluster import STAGES
from tests.soak.generator import HOUR_MS, Generator, Sent
from tests.soak.oracle import FUTURE_TOLERANCE_MS
from tests.soak.reading import read_topic

HOST = "127.0.0.1"
START_SECONDS = 120.0
# The stock scorer takes 27 s for the ten thousand emoji alone, and another text has four times as many.
# A minute of the product's standing still its watchdog ends; the rest is the machine's.
SCORED_SECONDS = 240.0
DAY_MS = 24 * HOUR_MS
SLOW_TEXTS: Mapping[str, str] = {
    "emoji": "😡" * 10_000,
    "every emotion": "😀😭🤬🥰" * 10_000,
    "words": "This is the worst service, I hate it! " * 27_000,
    "one word": "x" * 1_000_000,
    "deep HTML": "<div>" * 80_000 + "I hate it" + "</div>" * 80_000,
    "open tags": "<" * 500_000 + "a href=" * 60_000,
    "comments": "<!--" * 200_000,
    "entities": "&amp;" * 190_000,
    "quotes": "> " * 450_000,
    "marks": "!?" * 450_000,
    "blanks": " \t" * 100_000 + "awful" + " \n" * 100_000,
    "links": "http://" * 130_000,
    "not": "not very " * 100_000,
}


@asynccontextmanager
async def gateway(kafka: LocalKafka, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway as a process, ready; yields a client of it."""
    port = free_port()
    log = folder / "gateway.log"
    process = _spawn_gateway(kafka.brokers, port, log)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await answers(HOST, port, "/readyz"):
                assert process.poll() is None, last_lines(log)
                await asyncio.sleep(0.1)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False) as http:
            yield http
    finally:
        process.kill()
        process.wait()


def _spawn_gateway(brokers: str, port: int, log: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"KAFKA_BROKERS": brokers, "TICKETPULSE_GATEWAY_PORT": str(port)}
    argv = tied([sys.executable, "-m", "streams.cli", "serve", "gateway"])
    with log.open("wb") as file:
        return subprocess.Popen(argv, env=environment, stdout=file, stderr=file)


def of_size(event_id: str, size: int) -> dict[str, Any]:
    """An event that has so many bytes on the log."""
    fields = {"event_id": event_id, "ticket_id": "T1", "occurred_at": "2026-11-21T09:00:00Z"}
    least = read_event(json.dumps({**fields, "text": "x"}).encode(), datetime.now(UTC))
    assert isinstance(least, TicketEvent)
    return {**fields, "text": "x" * (size - len(encode_event(least)) + 1)}


def plain(size: int) -> bytes:
    """An event of so many bytes as its producer writes it."""
    head = b'{"event_id":"of %d","ticket_id":"T","text":"' % size
    return head + b"x" * (size - len(head) - 2) + b'"}'


async def scored_ids(running: Pipeline) -> Counter[str]:
    """The events that are scored."""
    records = await read_topic(running.cluster.brokers, topics.SCORED, PARTITIONS)
    return Counter(json.loads(record.value)["event_id"] for record in records)


async def until_scored(running: Pipeline, expected: set[str]) -> None:
    async def scored() -> bool:
        return set(await scored_ids(running)) >= expected

    await running.until(scored, "all of them are scored", SCORED_SECONDS)


async def test_what_is_too_large_or_slow_to_read_stops_nothing_at_the_gateway(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    async with pipeline(own_kafka, tmp_path) as running, gateway(own_kafka, tmp_path) as http:
        running.start("score")
        await running.complete("score")
        for refused, limit in [
            (of_size("over", MAX_EVENT_BYTES + 1), MAX_EVENT_BYTES),
            (of_size("ten megabytes", 10_000_000), DEFAULT_LIMITS.body_bytes),
            ([of_size(f"of ten megabytes {n}", 1_000_000) for n in range(10)], DEFAULT_LIMITS.body_bytes),
        ]:
            answer = await http.post(EVENTS_PATH, json=refused)
            assert (answer.status_code, answer.json()["limit"]) == (413, limit)
            assert f"{limit:,}" in answer.json()["detail"]
        texts = [{"event_id": name, "ticket_id": "T1", "text": text} for name, text in SLOW_TEXTS.items()]
        accepted = [
            of_size("at the limit", MAX_EVENT_BYTES),
            *texts,
            {"event_id": "last", "ticket_id": "T1", "text": "x"},
        ]
        for one in accepted:
            assert (await http.post(EVENTS_PATH, json=one)).status_code == 202
        await until_scored(running, {one["event_id"] for one in accepted})
        assert await scored_ids(running) == Counter(one["event_id"] for one in accepted)
        assert await read_topic(own_kafka.brokers, topics.DEAD_LETTERS, PARTITIONS) == []


async def test_what_is_too_large_to_be_an_event_is_a_dead_letter(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    # A number that takes four times as much room when it is written again: it is no larger than allowed, but what comes
    # of it is.
    grows = b'{"event_id":"grows","ticket_id":"T","text":"x","numbers":[%s1]}' % (b"1e15," * 209_000)
    assert len(grows) <= MAX_EVENT_BYTES
    at_the_limit = plain(MAX_EVENT_BYTES)
    largest = 4 * MAX_EVENT_BYTES - 1_000
    refused = [plain(MAX_EVENT_BYTES + 1), plain(largest), Random(1).randbytes(largest), grows]
    async with (
        pipeline(own_kafka, tmp_path) as running,
        AIOKafkaProducer(bootstrap_servers=own_kafka.brokers, max_request_size=16 * MAX_EVENT_BYTES) as producer,
    ):
        running.start("score")
        await running.complete("score")
        for number, value in enumerate([at_the_limit, *refused]):
            await producer.send_and_wait(topics.EVENTS, event(number, 0).value, partition=0)
            await producer.send_and_wait(topics.EVENTS, value, b"key", partition=0)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(topics.EVENTS, b"x" * (4 * MAX_EVENT_BYTES + 1), partition=0)
        await producer.send_and_wait(topics.EVENTS, event(9, 0).value, partition=0)
        expected = {"E0", "E1", "E2", "E3", "E4", "E9", f"of {MAX_EVENT_BYTES}"}
        await until_scored(running, expected)
        assert await scored_ids(running) == Counter(expected)
        letters = await read_topic(own_kafka.brokers, topics.DEAD_LETTERS, PARTITIONS)
        assert Counter((one.key, one.value) for one in letters) == Counter((b"key", value) for value in refused)
        assert {dict(one.headers)[REASON] for one in letters} == {b"too_large"}
        for one in letters:
            limit = MAX_RECORD_BYTES if one.value == grows else MAX_EVENT_BYTES
            assert f"{limit:,}".encode() in dict(one.headers)[MESSAGE]


@asynccontextmanager
async def complete(kafka: LocalKafka, folder: Path) -> AsyncIterator[Pipeline]:
    """One worker of each stage, ready."""
    await kafka.start()
    async with pipeline(kafka, folder) as running:
        for stage in STAGES:
            running.start(stage)
        await running.ready()
        yield running


async def test_poison_of_any_share_and_events_of_other_schemas(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """The first record of each partition, all for a while, every second one; and versions that nobody reads here."""
    now = time.time()
    first = [poison(n, n % PARTITIONS) for n in range(PARTITIONS)]
    all_of_them = [poison(n, n % PARTITIONS) for n in range(PARTITIONS, 2_000)]
    every_second = [
        event(n, n % PARTITIONS, occurred_at=now) if n % 2 else poison(n, n % PARTITIONS) for n in range(2_000, 3_000)
    ]
    # Older producers know nothing of versions; later ones send what is not known here.
    schemas: list[dict[str, Any]] = [{}, {"schema_version": 1}, {"channel_of_tomorrow": {"a": [1]}}]
    versions: list[object] = [0, 2, "1", 1.5, None]
    mixed = [
        event(n, n % PARTITIONS, occurred_at=now, **schemas[n % 3])
        if n % 8 < 3
        else event(n, n % PARTITIONS, accepted=False, schema_version=versions[n % 8 - 3])
        for n in range(3_000, 4_000)
    ]
    records = [*first, *all_of_them, *every_second, *mixed]
    async with complete(own_kafka, tmp_path) as running:
        [score] = running.of("score")
        running.feed(Written(records)).release()
        refused = sum(not record.accepted for record in records)

        async def counted() -> bool:
            return score.metric("helpdesk_dead_letters_total") == refused

        await running.until(counted, "each is counted, for the alert")
        (await running.reckon()).assert_exact()
    letters = await read_topic(own_kafka.brokers, topics.DEAD_LETTERS, PARTITIONS)
    named = Counter(
        dict(one.headers)[MESSAGE].split(b" is not read")[0] for one in letters if b"schema_version" in one.value
    )
    of_each = Counter(json.loads(one.value or b"")["schema_version"] for one in mixed if not one.accepted)
    assert named == {f"schema_version: {version!r}".encode(): count for version, count in of_each.items()}


async def test_times_on_edges_of_windows_out_of_order_late_and_a_day_ahead(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    now = time.time_ns() // 1_000_000
    edges = [now // size * size + beside for size in (1_000, 5_000, 60_000, DAY_MS) for beside in (-1, 0, 1)]
    late = [now - HOUR_MS, now - 47 * HOUR_MS, now - 49 * HOUR_MS, now - 3 * DAY_MS, now - 59_000, now - 61_000]
    ahead = [now + FUTURE_TOLERANCE_MS - 1, now + FUTURE_TOLERANCE_MS + 60_000, now + DAY_MS, now + 400 * DAY_MS]
    times = [*edges * 20, *late * 20, *ahead * 5, *(now - back for back in range(0, 60_000, 100))]
    Random(5).shuffle(times)
    # The present comes after the days ahead too.
    times += [now + number for number in range(400)]
    records = [event(n, n % PARTITIONS, occurred_at=at / 1000) for n, at in enumerate(times)]
    async with complete(own_kafka, tmp_path) as running:
        running.feed(Written(records)).release()
        reckoning = await running.reckon()
    reckoning.assert_exact()
    told = [json.loads(one.value) for one in await read_topic(own_kafka.brokers, topics.PARTIALS, PARTITIONS)]
    appended = max(one.appended for one in reckoning.ledger.scored)
    watermarks = [one["time"] for one in told if one["type"] == "watermark"]
    assert now < max(watermarks) <= appended + FUTURE_TOLERANCE_MS


async def test_every_event_five_times_from_two_producers_counts_once(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """One of them sends all of it three times, the other twice, each in an order of its own."""
    drawn = Generator(8, 600, PARTITIONS).take(600, time.time_ns() // 1_000_000)
    events = {json.loads(one.value or b"")["event_id"]: one for one in drawn if one.accepted}
    ours, theirs = _again(events, range(3), Random(1)), _again(events, range(3, 5), Random(2))
    async with complete(own_kafka, tmp_path) as running:
        running.feed(Written(ours)).release()
        running.feed(Written(theirs)).release()
        [track] = running.of("track")

        async def dropped() -> bool:
            return track.metric("helpdesk_duplicate_events_total") == 4 * len(events)

        await running.until(dropped, "all repetitions are dropped")
        reckoning = await running.reckon()
    reckoning.assert_exact()
    assert len(reckoning.ledger.scored) == 5 * len(events)


def _again(events: Mapping[str, Sent], copies: range, random: Random) -> list[Sent]:
    """All events as often, each time shuffled. Numbers tell copies apart; a producer has partitions of its own."""
    made: list[Sent] = []
    for copy in copies:
        for one in random.sample(list(events.values()), len(events)):
            number = 10_000 * (copy + 1) + len(made)
            fields = {**json.loads(one.value or b""), "metadata": {"number": number}}
            partition = one.partition % 2 + (2 if copy >= 3 else 0)
            made.append(one._replace(number=number, partition=partition, value=json.dumps(fields).encode()))
    return made
