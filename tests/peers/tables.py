"""The peers' tables in ClickHouse, and rows into them, with the client that ticketpulse uses too.

A row that comes again replaces the one that was there, so writing at least once is enough.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import clickhouse_connect

from tests.peers.job import Event, Window

TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS scored_events
    (
        event_id String, ticket_id String, channel LowCardinality(String), occurred_at DateTime64(3, 'UTC'),
        text String, compound Float64, polarity Float64, subjectivity Float64, score Float64,
        label LowCardinality(String)
    ) ENGINE = ReplacingMergeTree ORDER BY (ticket_id, event_id)
    """,
    """
    CREATE TABLE IF NOT EXISTS escalations (ticket_id String, event_id String, score Float64)
    ENGINE = ReplacingMergeTree ORDER BY (ticket_id, event_id)
    """,
    # The events of a window only become more, so the row with most of them is the newest.
    """
    CREATE TABLE IF NOT EXISTS windows
    (
        source UInt32, size UInt32, start DateTime('UTC'), channel LowCardinality(String),
        events UInt64, negative UInt64, score_sum Int64
    ) ENGINE = ReplacingMergeTree(events) ORDER BY (size, start, channel, source)
    """,
)
_SCORED: Final = (
    *("event_id", "ticket_id", "channel", "occurred_at", "text"),
    *("compound", "polarity", "subjectivity", "score", "label"),
)
_ESCALATED: Final = ("ticket_id", "event_id", "score")
_WINDOWS: Final = ("source", "size", "start", "channel", "events", "negative", "score_sum")


class Tables:
    """Writes rows; a call returns when they are stored and raises the client's errors."""

    def __init__(self, port: int, database: str) -> None:
        # The password of the tests' server, which asks for none. Two threads may write at the same time.
        self._client = clickhouse_connect.get_client(
            dsn=f"http://default:secret@127.0.0.1:{port}/{database}", autogenerate_session_id=False
        )

    def make(self) -> None:
        """Make the tables that are missing."""
        for table in TABLES:
            self._client.command(table)

    def scored(self, events: Sequence[Event]) -> None:
        """Scored events."""
        self._insert("scored_events", _SCORED, events)

    def escalated(self, events: Sequence[Event]) -> None:
        """Escalations."""
        self._insert("escalations", _ESCALATED, events)

    def windows(self, found: Mapping[tuple[int, Window], Sequence[int]]) -> None:
        """Totals by source and window: of a partition, or 0 where they are of all events."""
        rows = [(source, *window, *total[:3]) for (source, window), total in found.items()]
        self._columns("windows", _WINDOWS, zip(*rows, strict=True))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _insert(self, table: str, names: Sequence[str], events: Sequence[Event]) -> None:
        self._columns(table, names, ([event[name] for event in events] for name in names))

    def _columns(self, table: str, names: Sequence[str], columns: Iterable[Sequence[Any]]) -> None:
        data = [
            _times(column) if name == "occurred_at" else list(column)
            for name, column in zip(names, columns, strict=False)
        ]
        if data and data[0]:
            self._client.insert(table, data, column_names=names, column_oriented=True)


def _times(column: Sequence[float]) -> list[datetime]:
    return [datetime.fromtimestamp(at, UTC) for at in column]
