"""Bytewax: batches from Kafka, stateful operators by ticket and by channel, a recovery store in SQLite.

At least once, which is what Bytewax has: it starts again from the last snapshot (one a second), and writes to Kafka a
second time what came after it. Its state follows the snapshot, so what is counted is counted once. Its Kafka source is
in no consumer group.

    python -m tests.peers.bytewax_peer ASKED
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import bytewax.operators as op
from bytewax._bytewax import cli_main
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir

from tests.peers import job
from tests.peers.asked import Asked, asked
from tests.peers.tables import Tables

SNAPSHOT_SECONDS: Final = 1.0
BATCH_RECORDS: Final = 1_000
ROWS_SECONDS: Final = 1.0
ROWS_AT_ONCE: Final = 20_000


class TicketLogic(StatefulBatchLogic):
    """One ticket."""

    def __init__(self, state: job.Ticket | None) -> None:
        self._ticket = state or job.NEW

    def on_batch(self, values: list[job.Event]) -> tuple[Iterable[job.Event], bool]:
        """Each event with its number in the ticket, and whether it escalates."""
        for event in values:
            self._ticket, event["escalates"] = job.track(self._ticket, event)
            event["ticket_events"] = self._ticket.events
        return values, StatefulBatchLogic.RETAIN

    def snapshot(self) -> job.Ticket:
        """The ticket, which is a value."""
        return self._ticket


class ChannelLogic(StatefulBatchLogic):
    """The windows of one channel; tells those that have changed about once a second."""

    def __init__(self, state: dict[job.Window, job.Total] | None) -> None:
        self._windows = dict(state or {})
        # What was not yet written when the snapshot was made.
        self._changed = set(self._windows)
        self._due: datetime | None = _soon() if self._changed else None

    def on_batch(self, values: list[dict[job.Window, job.Total]]) -> tuple[Iterable[Any], bool]:
        """Add totals of batches up."""
        for added in values:
            for window, total in added.items():
                self._windows[window] = self._windows.get(window, job.NOTHING).plus(total)
            self._changed.update(added)
        self._due = self._due or _soon()
        return (), StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[Any], bool]:
        """The windows that have changed."""
        told = {(0, window): self._windows[window] for window in self._changed}
        self._changed.clear()
        self._due = None
        return [told], StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        """A second after the first change."""
        return self._due

    def snapshot(self) -> dict[job.Window, job.Total]:
        """A copy."""
        return dict(self._windows)


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=ROWS_SECONDS)


class RowSink(DynamicSink):
    """Rows of one kind into ClickHouse. Bytewax hands over batches as they come; they are written at once."""

    def __init__(self, wanted: Asked, kind: str) -> None:
        self._asked = wanted
        self._kind = kind

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "RowPartition":
        """One writer for each worker."""
        return RowPartition(Tables(self._asked.clickhouse_port, self._asked.database), self._kind)


class RowPartition(StatelessSinkPartition):
    """Writes each batch. What is written is never ahead of what a snapshot would bring again."""

    def __init__(self, tables: Tables, kind: str) -> None:
        self._tables = tables
        self._kind = kind

    def write_batch(self, items: list[Any]) -> None:
        """Each item is a list of events, or totals by window."""
        if self._kind == "windows":
            merged: dict[Any, Any] = {}
            for item in items:
                merged |= item
            self._tables.windows(merged)
            return
        events = [event for item in items for event in item]
        write = self._tables.scored if self._kind == "scored" else self._tables.escalated
        write(events)

    def close(self) -> None:
        """Close the connection."""
        self._tables.close()


class CollectLogic(StatefulBatchLogic):
    """Holds rows for up to a second, because ClickHouse wants few large blocks; what is held is in the snapshot."""

    def __init__(self, state: list[job.Event] | None) -> None:
        self._held = list(state or [])
        self._due: float | None = time.time() + ROWS_SECONDS if self._held else None

    def on_batch(self, values: list[job.Event]) -> tuple[Iterable[list[job.Event]], bool]:
        """Hold them, or let all go when there are many."""
        self._held += values
        self._due = self._due or time.time() + ROWS_SECONDS
        return self.on_notify() if len(self._held) >= ROWS_AT_ONCE else ((), StatefulBatchLogic.RETAIN)

    def on_notify(self) -> tuple[Iterable[list[job.Event]], bool]:
        """All that is held."""
        held, self._held, self._due = self._held, [], None
        return [held], StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        """A second after the first of them."""
        return datetime.fromtimestamp(self._due, UTC) if self._due else None

    def snapshot(self) -> list[job.Event]:
        """What is held."""
        return list(self._held)


def build(wanted: Asked) -> Dataflow:
    """The dataflow."""
    flow = Dataflow("tickets")
    quick = {"linger.ms": "0", "compression.type": "zstd", "acks": "all"}
    source = KafkaSource(
        [wanted.brokers], [wanted.input], add_config={"fetch.wait.max.ms": "100"}, batch_size=BATCH_RECORDS
    )
    scored = op.flat_map_batch("score", op.input("events", flow, source), _score)
    if wanted.only_scores:
        told = op.flat_map_batch("encode", scored, _encoded(wanted.scored))
        op.output("scored_topic", told, KafkaSink([wanted.brokers], None, add_config=quick))
        return flow
    Tables(wanted.clickhouse_port, wanted.database).make()
    tracked = op.stateful_batch("track", op.key_on("by_ticket", scored, _ticket_of), TicketLogic)
    events = op.key_rm("events_only", tracked)
    op.output(
        "scored_topic",
        op.flat_map_batch("encode", events, _encoded(wanted.scored)),
        KafkaSink([wanted.brokers], None, add_config=quick),
    )
    escalated = op.filter("escalated", events, _escalates)
    told = op.flat_map_batch("encode_escalations", escalated, _escalations(wanted.escalations))
    op.output("escalations_topic", told, KafkaSink([wanted.brokers], None, add_config=quick))
    for name, rows in (("scored", events), ("escalations", escalated)):
        held = op.stateful_batch(f"hold_{name}", op.key_on(f"one_{name}", rows, lambda _: "all"), CollectLogic)
        op.output(f"{name}_rows", op.key_rm(f"{name}_blocks", held), RowSink(wanted, name))
    adds = op.flat_map_batch("add_up", events, _added)
    windows = op.stateful_batch("windows", adds, ChannelLogic)
    op.output("window_rows", op.key_rm("windows_only", windows), RowSink(wanted, "windows"))
    return flow


def _score(batch: list[KafkaSourceMessage]) -> Iterable[job.Event]:
    return [job.score(job.decode(message.value)) for message in batch]


def _ticket_of(event: job.Event) -> str:
    return str(event["ticket_id"])


def _escalates(event: job.Event) -> bool:
    return bool(event["escalates"])


def _encoded(topic: str) -> Any:
    def encode(events: list[job.Event]) -> list[KafkaSinkMessage]:
        return [KafkaSinkMessage(job.key_of(event), job.encode(event), topic=topic) for event in events]

    return encode


def _escalations(topic: str) -> Any:
    def encode(events: list[job.Event]) -> list[KafkaSinkMessage]:
        return [KafkaSinkMessage(job.key_of(event), job.encode(job.escalation(event)), topic=topic) for event in events]

    return encode


def _added(events: list[job.Event]) -> Iterable[tuple[str, dict[job.Window, job.Total]]]:
    """What a batch adds, by channel: fewer items for the stateful operator behind it."""
    channels: dict[str, dict[job.Window, job.Total]] = {}
    for window, total in job.totals(events).items():
        channels.setdefault(window[2], {})[window] = total
    return channels.items()


def main() -> None:
    """Run the dataflow, from its last snapshot if there is one, until the process is ended."""
    wanted = asked()
    store = Path(wanted.folder) / "recovery"
    if not store.exists():
        store.mkdir(parents=True)
        init_db_dir(store, 1)
    cli_main(
        build(wanted),
        epoch_interval=timedelta(seconds=SNAPSHOT_SECONDS),
        recovery_config=RecoveryConfig(store, timedelta(0)),
    )


if __name__ == "__main__":
    main()
