"""Scored rows a second into the embedded ClickHouse, from JSON bytes to stored rows, through the sink as it runs."""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.events import CHANNELS, PRIORITIES
from schemas.scored import ScoredEvent, Sentiment, encode_event
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams.engine.garbage import collect_garbage_seldom

TOPIC = "scored"
BLOCK_ROWS = 50_000
BLOCKS = 5
WANTED = 50_000

_PARTITIONS = 8
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_WORDS = str.split(
    "I was charged twice for the same order and nobody answers my letters since last week please refund the second "
    "payment the agent on the phone promised me a call back and it never came this is the third time that I write"
)


def run() -> dict[str, Any]:
    """Write five blocks of 50,000 different scored events; `rows_per_second` is over all of them, decoding included.

    `rows_per_cpu_second` is by the processor time of all threads: what a busy machine leaves comparable.
    """
    # As `ticketpulse sink` does.
    collect_garbage_seldom()
    messages = scored_messages()
    blocks = [list(islice(messages, BLOCK_ROWS)) for _ in range(BLOCKS)]
    with tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as folder:
        client = connect(f"chdb://{folder}")
        try:
            migrate(client)
            laps = asyncio.run(_write(client, Path(folder), blocks))
            stored = client.command("SELECT count() FROM scored_events_now")
        finally:
            client.close()
    rows = BLOCKS * BLOCK_ROWS
    if stored != rows:
        raise RuntimeError(f"{rows:,} rows were written and {stored:,} are stored")
    return {
        "rows": rows,
        "rows_per_second": round(rows / sum(seconds for seconds, _ in laps)),
        "rows_per_cpu_second": round(rows / sum(cpu_seconds for _, cpu_seconds in laps)),
        "wanted": WANTED,
        "block_seconds": [round(seconds, 3) for seconds, _ in laps],
        "bytes_per_message": round(sum(len(message.value or b"") for message in blocks[0]) / BLOCK_ROWS),
    }


async def _write(client: Client, folder: Path, blocks: Sequence[Sequence[Message]]) -> list[tuple[float, float]]:
    sink = ClickHouseSink(lambda: connect(f"chdb://{folder}"), {TOPIC: "scored_events"})
    try:
        await sink.write(list(islice(scored_messages(seed=1), 100)))
        client.command("TRUNCATE TABLE scored_events")
        return [await _timed(sink, block) for block in blocks]
    finally:
        await sink.close()


async def _timed(sink: ClickHouseSink, block: Sequence[Message]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    started, cpu_started = time.perf_counter(), time.process_time()
    await sink.write(block)
    return time.perf_counter() - started, time.process_time() - cpu_started


def scored_messages(seed: int = 7) -> Iterator[Message]:
    """Messages of the scored topic, ten a second, four to a ticket, with texts of 8 to 60 words."""
    choose = random.Random(seed)
    for number in range(sys.maxsize):
        event = _event(number, choose)
        appended = round(event.received_at.timestamp() * 1000)
        partition = number // 4 % _PARTITIONS
        yield Message(TOPIC, partition, number, appended, event.ticket_id.encode(), encode_event(event))


def _event(number: int, choose: random.Random) -> ScoredEvent:
    happened = _FIRST + timedelta(milliseconds=100 * number)
    compound = round(choose.uniform(-1, 1), 4)
    score = round(5 + 5 * compound, 2)
    return ScoredEvent(
        event_id=f"event-{number:012d}",
        tenant="default",
        ticket_id=f"T-{number // 4:09d}",
        type="message",
        channel=choose.choice(CHANNELS),  # type: ignore[arg-type]
        occurred_at=happened,
        customer_id=f"customer-{choose.randrange(10_000):05d}",
        status="open",
        priority=choose.choice((*PRIORITIES, None)),  # type: ignore[arg-type]
        subject=" ".join(choose.choices(_WORDS, k=5)),
        text=" ".join(choose.choices(_WORDS, k=choose.randint(8, 60))),
        language="en",
        metadata={"source": "bench", "attempt": 1},
        received_at=happened + timedelta(milliseconds=30),
        voice="customer",
        category=choose.choice(("billing", "technical", "account", "other")),
        sentiment=Sentiment(score, "negative" if score < 5 else "positive", compound, compound, 0.5),
        scorer="bench",
    )


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
