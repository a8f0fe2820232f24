"""Stock Faust as its own documentation writes it: agents, tables with changelogs, a timer.

Exactly once as Faust has it (`processing_guarantee="exactly_once"`): a transaction for each partition and commit, every
half second. Tables are kept in memory, which is faster than RocksDB; their changelogs restore them.
"""

import asyncio
from typing import Any

import faust
import uvloop
from faust.types import EventT

from tests.peers import job
from tests.peers.asked import Asked, asked
from tests.peers.tables import Tables

ROWS_AT_ONCE = 5_000
ROWS_SECONDS = 1.0
COMMIT_SECONDS = 0.5


def build(wanted: Asked) -> faust.App:
    """The app: one agent scores and counts, two write rows."""
    app = faust.App(
        wanted.name,
        broker=f"kafka://{wanted.brokers}",
        store="memory://",
        datadir=wanted.folder,
        web_enabled=False,
        topic_disable_leader=True,
        autodiscover=False,
        topic_partitions=wanted.partitions,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=COMMIT_SECONDS,
        processing_guarantee="exactly_once",
        stream_publish_on_commit=False,
        producer_acks=-1,
        producer_compression_type="lz4",
    )
    given = app.topic(wanted.input, key_serializer="raw", value_serializer="raw")
    scored = app.topic(wanted.scored, key_serializer="raw", value_serializer="raw", partitions=wanted.partitions)
    if wanted.only_scores:

        @app.agent(given, name="score")
        async def score(stream: Any) -> None:
            async for value in stream:
                event = job.score(job.decode(value))
                await scored.send(key=job.key_of(event), value=job.encode(event))

        del score
        return app
    escalations = app.topic(
        wanted.escalations, key_serializer="raw", value_serializer="raw", partitions=wanted.partitions
    )
    tickets = app.Table("tickets", partitions=wanted.partitions, key_type=str, value_type=list)
    # A partition's own part of each window: what is in a table follows the partition of the event that changed it.
    windows = app.Table("windows", partitions=wanted.partitions, key_type=str, value_type=list)
    changed: set[str] = set()
    tables = Tables(wanted.clickhouse_port, wanted.database)
    tables.make()

    @app.agent(given, name="process")
    async def process(stream: Any) -> None:
        each: EventT[Any]
        async for each in stream.events():
            event = job.score(job.decode(each.value))
            name = event["ticket_id"]
            before = tickets.get(name)
            after, escalates = job.track(job.Ticket(*before) if before else job.NEW, event)
            tickets[name] = list(after)
            event["ticket_events"] = after.events
            adds = job.one(event)
            for size, start, channel in job.windows_of(event):
                window = f"{each.message.partition}/{size}/{start}/{channel}"
                windows[window] = list(adds.plus(windows.get(window) or job.NOTHING))
                changed.add(window)
            key = job.key_of(event)
            await scored.send(key=key, value=job.encode(event))
            if escalates:
                await escalations.send(key=key, value=job.encode(job.escalation(event)))

    @app.agent(scored, name="rows")
    async def rows(stream: Any) -> None:
        async for values in stream.take(ROWS_AT_ONCE, within=ROWS_SECONDS):
            await asyncio.to_thread(tables.scored, [job.decode(value) for value in values])

    @app.agent(escalations, name="escalated")
    async def escalated(stream: Any) -> None:
        async for values in stream.take(ROWS_AT_ONCE, within=ROWS_SECONDS):
            await asyncio.to_thread(tables.escalated, [job.decode(value) for value in values])

    @app.on_rebalance_complete.connect
    async def restored(*_: Any, **__: Any) -> None:
        # What was counted and not yet written before a crash.
        changed.update(windows.keys())

    @app.timer(ROWS_SECONDS, name="windows")  # type: ignore[untyped-decorator]
    async def tell_windows() -> None:
        found: dict[tuple[int, job.Window], list[int]] = {}
        for name in changed:
            partition, size, start, channel = name.split("/")
            if (total := windows.get(name)) is not None:
                found[int(partition), (int(size), int(start), channel)] = total
        changed.clear()
        if found:
            await asyncio.to_thread(tables.windows, found)

    del process, rows, escalated, restored, tell_windows
    return app


def main() -> None:
    """Run the worker until it is ended."""
    app = build(asked())
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    faust.Worker(app, loop=loop, loglevel="WARNING", override_logging=False).execute_from_commandline()


if __name__ == "__main__":
    main()
