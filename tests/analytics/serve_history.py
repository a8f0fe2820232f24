"""A process that serves the page over an embedded ClickHouse with the made history, as the sink writes it.

    python -m tests.analytics.serve_history FOLDER

Prints its address once it listens, and serves until its standard input ends.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from tests.analytics.history import NOW, History
from tests.browser.serve_page import listen
from tests.contract.messages import TABLES

# The sink's batches: so that copies come in other blocks than what they are copies of.
_BATCH = 200


async def serve(folder: Path) -> None:
    """Fill a database and serve the page over it."""
    url = f"chdb://{folder}"
    client = connect(url)
    migrate(client)
    client.close()
    sink = ClickHouseSink(partial(connect, url), TABLES)
    messages = History().messages
    for start in range(0, len(messages), _BATCH):
        await sink.write(messages[start : start + _BATCH])
    # The last batches come again, as after a crash.
    await sink.write(messages[-_BATCH - 50 : -50])
    await sink.close()
    await listen(create_page(partial(connect, url, readonly=True), now=lambda: NOW))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
