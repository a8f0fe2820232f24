"""The ClickHouse sink as a part of the embedded process."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from clickhouse_connect.driver.client import Client

from sinks.base import Refused, Unavailable
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.letters import letter_headers
from sinks.runner import run_sink
from streams.config import Settings
from streams.engine.local import LocalLog, LocalSource
from streams.engine.local.storage import Entry
from streams.erasing.guarding import Guard
from streams.privacy.loading import load_keys
from streams.topics import DEAD_LETTERS, STORED

OpenClient = Callable[..., Client]


def clickhouse_url(settings: Settings, folder: Path) -> str:
    """The ClickHouse of this log.

    Positions in a log are versions of rows. Another log's rows would meet them in a database that both write to: this
    log has one of its own in `folder`, unless the settings name another.
    """
    named = "clickhouse_url" in settings.model_fields_set
    return settings.clickhouse if named else f"chdb://{folder / 'clickhouse'}"


async def open_clickhouse(settings: Settings, folder: Path) -> OpenClient:
    """How to open ClickHouse, whose tables are there when this returns. Raises CannotOpen."""
    open_client = partial(connect, clickhouse_url(settings, folder))

    def prepare() -> None:
        client = open_client()
        migrate(client)
        client.close()

    await asyncio.to_thread(prepare)
    return open_client


class LocalBurial:
    """Keeps `sinks.base.Burial` on the local log. `sink` is the stage that the letters name."""

    def __init__(self, log: LocalLog, sink: str) -> None:
        self._log = log
        self._sink = sink

    async def bury(self, refused: Sequence[Refused]) -> None:
        """Append them. A letter that is refused gets none, because that would be refused too."""
        letters = [
            Entry(one.message.key, one.message.value, letter_headers(one, self._sink))
            for one in refused
            if one.message.topic != DEAD_LETTERS
        ]
        try:
            self._log.append(DEAD_LETTERS, letters)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"{len(letters)} refused messages cannot be kept: {error}") from error


@asynccontextmanager
async def storing(log: LocalLog, settings: Settings, open_client: OpenClient) -> AsyncIterator["asyncio.Task[None]"]:
    """The ClickHouse sink; at the end it writes what it has collected."""
    sink = ClickHouseSink(open_client, STORED, Guard(load_keys(settings.privacy_keys)))
    await sink.check()
    source = LocalSource(log, sink.name, sink.topics)
    stop = asyncio.Event()
    group = f"{settings.name}-{sink.name}"
    task = asyncio.create_task(
        run_sink(
            source,
            sink,
            LocalBurial(log, sink.name),
            max_rows=settings.sink_rows,
            max_seconds=settings.sink_seconds,
            stop=stop,
            group=group,
        )
    )
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait([task])
        await sink.close()
