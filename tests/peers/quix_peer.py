"""Quix Streams: a streaming data frame with state by ticket, grouped by channel for its tumbling windows.

Exactly once (`processing_guarantee="exactly-once"`): outputs, changelogs and offsets of a checkpoint are one
transaction. Rows go through its own batching sink, which is flushed before each checkpoint; one that comes again
replaces the first.
"""

from collections.abc import Mapping
from typing import Any, Final

from quixstreams import Application, State
from quixstreams.dataframe.windows.aggregations import Count, Sum
from quixstreams.sinks.base import BatchingSink, SinkBatch

from tests.peers import job
from tests.peers.asked import Asked, asked
from tests.peers.tables import Tables

CHECKPOINT_SECONDS: Final = 0.5
# As late as ticketpulse takes an event: the windows of two days are open.
GRACE_MS: Final = 2 * 86_400_000


class RowSink(BatchingSink):
    """Rows of one kind."""

    def __init__(self, tables: Tables, kind: str) -> None:
        super().__init__()
        self._tables = tables
        self._kind = kind

    def setup(self) -> None:
        """Nothing: the tables are there."""

    def write(self, batch: SinkBatch) -> None:
        """All rows since the last checkpoint."""
        if self._kind == "scored":
            self._tables.scored([item.value for item in batch])
        elif self._kind == "escalations":
            self._tables.escalated([item.value for item in batch])
        else:
            # A window is told with each event that changes it: the last one counts.
            self._tables.windows({_window(item.key, item.value): _total(item.value) for item in batch})


def _window(key: Any, told: Mapping[str, Any]) -> tuple[int, job.Window]:
    start, end = told["start"] // 1000, told["end"] // 1000
    return 0, (end - start, start, key.decode() if isinstance(key, bytes) else str(key))


def _total(told: Mapping[str, Any]) -> job.Total:
    return job.Total(told["events"], told["negative"], told["score_sum"])


def build(wanted: Asked) -> Application:
    """The application with its frames."""
    app = Application(
        broker_address=wanted.brokers,
        consumer_group=wanted.name,
        auto_offset_reset="earliest",
        commit_interval=CHECKPOINT_SECONDS,
        processing_guarantee="exactly-once",
        state_dir=wanted.folder,
        loglevel="WARNING",
        consumer_poll_timeout=0.1,
        consumer_extra_config={"session.timeout.ms": 6000, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 100},
        producer_extra_config={"compression.type": "zstd", "linger.ms": 5},
    )
    given = app.topic(wanted.input, key_deserializer="bytes", value_deserializer="json")
    scored = app.topic(wanted.scored, key_serializer="bytes", value_serializer="json")
    if wanted.only_scores:
        app.dataframe(given).apply(job.score).to_topic(scored)
        return app
    tables = Tables(wanted.clickhouse_port, wanted.database)
    tables.make()
    escalations = app.topic(wanted.escalations, key_serializer="bytes", value_serializer="json")

    tracked = app.dataframe(given).apply(job.score).apply(_track, stateful=True)
    tracked = tracked.to_topic(scored)
    tracked.sink(RowSink(tables, "scored"))
    escalated = tracked[tracked["escalates"]].apply(job.escalation)
    escalated = escalated.to_topic(escalations)
    escalated.sink(RowSink(tables, "escalations"))

    by_channel = tracked.apply(_adds).set_timestamp(_event_time).group_by("channel")
    for size in job.SIZES:
        windows = by_channel.tumbling_window(size * 1000, grace_ms=GRACE_MS, name=f"windows-{size}")
        totals = windows.agg(events=Count(), negative=Sum("negative"), score_sum=Sum("score_sum")).current()
        totals.sink(RowSink(tables, "windows"))
    return app


def _track(event: job.Event, state: State) -> job.Event:
    before = state.get("ticket")
    ticket, escalates = job.track(job.Ticket(*before) if before else job.NEW, event)
    state.set("ticket", list(ticket))
    event["ticket_events"] = ticket.events
    event["escalates"] = escalates
    return event


def _adds(event: job.Event) -> dict[str, Any]:
    """What the windows need of an event, and no more: it goes through another topic."""
    _, negative, score_sum = job.one(event)
    return {
        "channel": event["channel"],
        "negative": negative,
        "score_sum": score_sum,
        "at": round(event["occurred_at"] * 1000),
    }


def _event_time(adds: dict[str, Any], *_: Any) -> int:
    return int(adds["at"])


if __name__ == "__main__":
    build(asked()).run()
