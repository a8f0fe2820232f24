"""The page over an embedded database, with a log in memory behind it that is carried into the database on demand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI

from schemas.corrections import Correction, decode_correction
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalSource, LocalWriter
from tests.contract.messages import scored
from tests.unit.gateway_pipeline import memory_log

BEGAN = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)
ROWS = [
    scored(0),
    scored(1, subject="", text="", type="status_changed", status="resolved", sentiment=None, unscored="no text"),
    scored(2, sentiment=None, unscored="too short", text="Hm."),
    scored(3, "T-2", tenant="acme"),
]


class Clock:
    """A second later each time."""

    def __init__(self) -> None:
        self._at = BEGAN

    def __call__(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at


class Served:
    """A page, what its log has, and the way of that into the database."""

    def __init__(self, client: httpx.AsyncClient, log: LocalLog, sink: ClickHouseSink) -> None:
        self.client = client
        self._log = log
        self._sink = sink

    async def post(self, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
        """A correction of the label of the first message, unless said otherwise."""
        asked = {"ticket_id": "T-1", "event_id": "event-0", "field": "label", "old": "negative", "new": "neutral"}
        return await self.client.post("/api/v1/corrections", json={**asked, **changes}, headers=headers)

    async def read(self, **parameters: Any) -> dict[str, Any]:
        answer = await self.client.get("/api/v1/corrections", params=parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def recorded(self) -> list[Correction]:
        """All that is in the log."""
        slots = self._log.slots([topics.CORRECTIONS])
        records = [record for slot in slots for record in self._log.read(slot, 0, 1_000, 1 << 20)]
        return [decode_correction(record.value or b"") for record in sorted(records, key=lambda one: one.timestamp)]

    async def store(self) -> None:
        """Carry what is in the log and not stored into the database."""
        source = LocalSource(self._log, "test", [topics.CORRECTIONS, topics.AUDIT])
        await source.start()
        while messages := await source.poll(1_000, 0.01):
            assert await self._sink.write(messages) == []
        await source.commit()
        await source.stop()


def page_of(open_client: Callable[[], Client], log: LocalLog) -> FastAPI:
    """The page, whose corrections and uses of suggestions go to the log."""
    corrections, uses = (LocalWriter(log, topic) for topic in (topics.CORRECTIONS, topics.SUGGESTIONS))
    return create_page(open_client, now=Clock(), corrections=corrections, uses=uses)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    """A page over a new database with `ROWS`."""
    url, log = f"chdb://{folder / 'clickhouse'}", memory_log()
    client = connect(url)
    migrate(client)
    sink = ClickHouseSink(lambda: connect(url), {"scored": "scored_events", **topics.STORED})
    page = page_of(lambda: connect(url, readonly=True), log)
    transport = httpx.ASGITransport(page)
    try:
        await _fill(sink, ROWS)
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=transport, base_url="http://page", timeout=60) as asking,
        ):
            yield Served(asking, log, sink)
    finally:
        await sink.close()
        client.close()


async def _fill(sink: ClickHouseSink, rows: list[Message]) -> None:
    assert await sink.write(rows) == []
