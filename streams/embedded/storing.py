"""The ClickHouse sink as a part of the embedded process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.runner import run_sink
from streams.config import Settings
from streams.engine.local import LocalLog, LocalSource
from streams.topics import STORED

OpenClient = Callable[..., Client]


def clickhouse_url(settings: Settings, folder: Path) -> str:
    """The ClickHouse of this log.

    Positions in a log are versions of rows. Another log's rows would meet them in a database that both write to: this
    log has one of its own in `folder`, unless the settings name another.
    """
    named = "clickhouse_url" in settings.model_fields_set
    return settings.clickhouse_url if named else f"chdb://{folder / 'clickhouse'}"


async def open_clickhouse(settings: Settings, folder: Path) -> OpenClient:
    """How to open ClickHouse, whose tables are there when this returns. Raises CannotOpen."""
    open_client = partial(connect, clickhouse_url(settings, folder))

    def prepare() -> None:
        client = open_client()
        migrate(client)
        client.close()

    await asyncio.to_thread(prepare)
    return open_client


@asynccontextmanager
async def storing(log: LocalLog, settings: Settings, open_client: OpenClient) -> AsyncIterator["asyncio.Task[None]"]:
    """The ClickHouse sink; at the end it writes what it has collected."""
    sink = ClickHouseSink(open_client, STORED)
    source = LocalSource(log, sink.name, sink.topics)
    stop = asyncio.Event()
    group = f"{settings.name}-{sink.name}"
    task = asyncio.create_task(
        run_sink(source, sink, max_rows=settings.sink_rows, max_seconds=settings.sink_seconds, stop=stop, group=group)
    )
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait([task])
        await sink.close()
