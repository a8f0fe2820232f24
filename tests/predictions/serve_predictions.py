"""A process that serves the page over a made desk of two tenants, with models trained on it and their predictions.

    python -m tests.predictions.serve_predictions FOLDER

Prints its address once it listens, and serves until its standard input ends.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from schemas.predictions import Because, Estimate
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalSource, LocalWriter
from streams.learning.in_force import InForce
from streams.learning.shelf import Shelf
from streams.predictions.building import history_of
from streams.predictions.running import Rounds
from streams.predictions.shelved import Shelved, card_of
from streams.predictions.training import train
from tests.browser.serve_page import listen
from tests.browser.ticket_rows import HOSTILE_TICKET, payload
from tests.contract.messages import prediction
from tests.predictions.conftest import WEEKLY
from tests.predictions.made_history import MadeHistory, insert
from tests.unit.gateway_pipeline import memory_log

TENANTS = ("default", "acme")
KEY = b"a key for tests alone"


def made_desk() -> MadeHistory:
    """The desk that is served."""
    return MadeHistory(tickets=1_000, days=40, tenants=TENANTS)


def shelve(made: MadeHistory, folder: Path) -> Shelf:
    """Train on all of a desk, and put all of it in force for everybody."""
    history = history_of(made.rows)
    shelf, in_force = Shelf(folder, KEY), InForce()
    for kind, (model, rows) in train(history).models.items():
        card = card_of(kind, model, history, "", datetime.now(UTC), rows, {})
        shelf.keep(card, model.kept()[0])
        in_force = in_force.with_champion("", kind, card.version)
    shelf.write_in_force(in_force)
    return shelf


def end_of(made: MadeHistory) -> datetime:
    """Right behind the last event."""
    return datetime.fromtimestamp(max(row["known"] for row in made.events) / 1000 + 1, UTC)


def rounds_of(url: str, log: LocalLog, shelf: Shelf, now: Callable[[], datetime]) -> Rounds:
    """Rounds over a log in memory."""
    return Rounds(
        url=url,
        writer=LocalWriter(log, topics.PREDICTIONS),
        models=Shelved(shelf, print),
        rules=WEEKLY,
        now=now,
        days=400,
    )


async def store(url: str, log: LocalLog, group: str = "predictions") -> int:
    """Carry what is in the log into the database, as the sink does; returns how many records that were."""
    sink = ClickHouseSink(lambda: connect(url), topics.STORED)
    source = LocalSource(log, group, [topics.PREDICTIONS])
    await source.start()
    count = 0
    while messages := await source.poll(10_000, 0.1):
        assert await sink.write(messages) == []
        count += len(messages)
    await source.commit()
    await source.stop()
    await sink.close()
    return count


async def serve(folder: Path) -> None:
    """Fill a database and serve the page over it."""
    url, made, log = f"chdb://{folder / 'clickhouse'}", made_desk(), memory_log()
    client = connect(url)
    migrate(client)
    insert(client, made)
    client.close()
    shelf = shelve(made, folder / "models")
    await rounds_of(url, log, shelf, lambda: end_of(made)).once(asyncio.Event())
    because = Because(payload("fact"), payload("value"), 1)
    hostile = prediction(
        0,
        HOSTILE_TICKET,
        tenant="hostile",
        category=payload("category"),
        escalation=Estimate(0.5, 0.4, 0.6, payload("model"), payload("basis"), (because,)),
    )
    await LocalWriter(log, topics.PREDICTIONS).send(hostile.key, hostile.value)
    await store(url, log)
    await listen(create_page(partial(connect, url, readonly=True), now=lambda: end_of(made)))


if __name__ == "__main__":
    # As the commands do: several threads for small matrices wait for each other.
    with threadpool_limits(1):
        asyncio.run(serve(Path(sys.argv[1])))
