"""When each event was first seen where people look: its row in ClickHouse, its escalation on the topic."""

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from sinks.clickhouse.client import connect
from streams import topics

POLL_SECONDS = 0.2
# Rows older than this are asked for only now and then: asking for all of them would be most of what ClickHouse does.
LOOK_BACK, LONG_LOOK_BACK = timedelta(seconds=4), timedelta(seconds=60)
LONG_EVERY = 10


class _Caused(msgspec.Struct):
    event_id: str


async def watch_escalations(brokers: str, seen: dict[str, float], ready: asyncio.Event) -> None:
    """Note when the escalation that an event caused can be read committed. Runs until cancelled."""
    consumer = AIOKafkaConsumer(
        topics.ESCALATIONS,
        bootstrap_servers=brokers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
    )
    decode = msgspec.json.Decoder(_Caused).decode
    async with consumer:
        ready.set()
        async for record in consumer:
            seen.setdefault(decode(record.value or b"").event_id, time.monotonic())


async def watch_rows(url: str, seen: dict[str, float], stop: asyncio.Event, tenants: str = "") -> None:
    """Note when an event's row is in the answer of a query, asked again every 200 ms; of tenants that begin so."""
    client = connect(url, readonly=True)
    for poll in itertools.count():
        if stop.is_set():
            break
        asked = time.monotonic()
        ids = await asyncio.to_thread(_since, client, LOOK_BACK if poll % LONG_EVERY else LONG_LOOK_BACK, tenants)
        answered = time.monotonic()
        for event_id in ids:
            seen.setdefault(event_id, answered)
        await asyncio.sleep(max(0.0, asked + POLL_SECONDS - answered))
    client.close()


def _since(client: Any, look_back: timedelta, tenants: str) -> list[str]:
    since = datetime.now(UTC) - look_back
    result = client.query(
        "SELECT event_id FROM scored_events WHERE received_at >= {since:DateTime64(3)} "
        "AND startsWith(tenant, {tenants:String})",
        parameters={"since": since, "tenants": tenants},
        column_oriented=True,
    )
    return list(result.result_set[0]) if result.result_set else []
