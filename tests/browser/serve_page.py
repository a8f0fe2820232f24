"""A process that serves the page over an embedded ClickHouse with the rows of `page_rows` and `ticket_rows`.

    python -m tests.browser.serve_page FOLDER NOW [TOKENS]

Prints its address once it listens, and with a file of tokens a second one at which they are asked for. Serves until its
standard input ends; does what a line of it says, and then repeats the line. A process of its own: one can open the
embedded engine at one path only.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from sinks.access.gate import Gate
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalSource, LocalWriter
from streams.http_server import address_of, serving
from streams.http_server import listen as listen_on
from tests.browser.assignment_rows import assignment_rows
from tests.browser.late_rows import late_rows
from tests.browser.page_rows import page_rows
from tests.browser.ticket_rows import ticket_rows
from tests.suggestions.labelled import ARTICLES
from tests.unit.gateway_pipeline import memory_log

Rows = Mapping[str, list[dict[str, Any]]]
Jobs = Mapping[str, Callable[[], Awaitable[None]]]


def fill(url: str, now: datetime) -> None:
    """Create the tables and write every row."""
    client = connect(url)
    migrate(client)
    client.close()
    insert(url, page_rows(now)._asdict())
    insert(url, {**ticket_rows(now), "assignments": assignment_rows(now)})


def insert(url: str, tables: Rows) -> None:
    """Write rows by table."""
    client = connect(url)
    for table, rows in tables.items():
        columns = list(rows[0])
        client.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)
    client.close()


async def store(url: str, log: LocalLog) -> None:
    """Carry what people said, which is in the log, into the database."""
    sink = ClickHouseSink(lambda: connect(url), topics.STORED)
    source = LocalSource(log, "browser", [topics.CORRECTIONS, topics.SUGGESTIONS])
    await source.start()
    while messages := await source.poll(1_000, 0.01):
        assert await sink.write(messages) == []
    await source.commit()
    await source.stop()
    await sink.close()


async def serve(folder: Path, now: datetime, tokens: Path | None) -> None:
    """Fill a database and serve the page over it."""
    url, log = f"chdb://{folder}", memory_log()
    await asyncio.to_thread(fill, url, now)

    def page(gate: Gate | None = None) -> FastAPI:
        writer = LocalWriter(log, topics.CORRECTIONS)
        return create_page(
            lambda: connect(url, readonly=True),
            now=lambda: now,
            corrections=writer,
            access=gate,
            suggestions=ARTICLES.parent,
            uses=LocalWriter(log, topics.SUGGESTIONS),
        )

    async def more() -> None:
        await asyncio.to_thread(insert, url, late_rows(now))

    jobs: Jobs = {"more": more, "store": lambda: store(url, log)}
    await listen(*[page()] + ([page(Gate(tokens))] if tokens else []), jobs=jobs)


async def listen(*pages: FastAPI, jobs: Jobs | None = None) -> None:
    """Serve each on a free port of the loopback, print the addresses, and end with the standard input."""
    async with AsyncExitStack() as stack:
        listeners = [stack.enter_context(closing(listen_on("127.0.0.1", 0))) for _ in pages]
        for page, listener in zip(pages, listeners, strict=True):
            await stack.enter_async_context(serving(page, listener))
        print(*map(address_of, listeners), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            word = line.strip()
            await (jobs or {})[word]()
            print(word, flush=True)


if __name__ == "__main__":
    asyncio.run(
        serve(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else None)
    )
