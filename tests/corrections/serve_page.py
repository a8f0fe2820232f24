"""A process that serves the page over an empty database, with a log in memory behind it.

python -m tests.corrections.serve_page FOLDER
"""

import asyncio
import sys
from functools import partial

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from tests.browser.serve_page import listen
from tests.corrections.served import page_of
from tests.unit.gateway_pipeline import memory_log


def _prepare(url: str) -> None:
    client = connect(url)
    migrate(client)
    client.close()


async def serve(folder: str) -> None:
    """Make the tables and serve until the input ends."""
    url = f"chdb://{folder}"
    await asyncio.to_thread(_prepare, url)
    await listen(page_of(partial(connect, url, readonly=True), memory_log()))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
