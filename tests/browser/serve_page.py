"""A process that serves the page over an embedded ClickHouse with the rows of `page_rows` and `ticket_rows`.

    python -m tests.browser.serve_page FOLDER NOW

Prints its address once it listens, and serves until its standard input ends. A process of its own: one can open the
embedded engine at one path only.
"""

import asyncio
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.dashboard.app import create_page
from streams.http_server import address_of, serving
from streams.http_server import listen as listen_on
from tests.browser.page_rows import page_rows
from tests.browser.ticket_rows import ticket_rows


def fill(url: str, now: datetime) -> None:
    """Create the tables and write every row."""
    client = connect(url)
    migrate(client)
    for table, rows in (*page_rows(now)._asdict().items(), *ticket_rows(now).items()):
        columns = list(rows[0])
        client.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)
    client.close()


async def serve(folder: Path, now: datetime) -> None:
    """Fill a database and serve the page over it."""
    url = f"chdb://{folder}"
    await asyncio.to_thread(fill, url, now)
    await listen(create_page(lambda: connect(url, readonly=True), now=lambda: now))


async def listen(page: FastAPI) -> None:
    """Serve on a free port of the loopback, print the address, and end with the standard input."""
    with closing(listen_on("127.0.0.1", 0)) as listener:
        async with serving(page, listener):
            print(address_of(listener), flush=True)
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
