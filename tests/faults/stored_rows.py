"""What ClickHouse has of a lap against what the lap must have made."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sinks.clickhouse.client import connect
from tests.soak import oracle
from tests.soak.verify import Ledger

# Each row once, whatever was sent twice: what people read. The identity of a row, as text.
_STORED: Final[Mapping[str, str]] = {
    "scored_events_now": "tenant, ticket_id, event_id",
    "escalations_now": "toString(escalation_id)",
    "dead_letters_now": "topic, partition, offset",
}


def stored_otherwise(url: str, ledger: Ledger) -> list[str]:
    """In words, what is missing in each table and what is there too often or unexpectedly."""
    expected: dict[str, Iterable[Any]] = {
        "scored_events_now": {
            (record.event["tenant"], record.event["ticket_id"], record.event["event_id"]) for record in ledger.scored
        },
        "escalations_now": {(each["escalation_id"],) for each in oracle.escalations(ledger.scored)},
        "dead_letters_now": set(ledger.dead_letters),
    }
    with connect(url, readonly=True) as client:
        stored = {
            view: client.query(f"SELECT {identity} FROM {view}").result_rows  # noqa: S608 - both are written above
            for view, identity in _STORED.items()
        }
    return [told for view, rows in stored.items() if (told := _difference(view, expected[view], rows))]


def _difference(view: str, expected: Iterable[Any], rows: Iterable[Any]) -> str | None:
    gap = oracle.compare(expected, map(tuple, rows))
    return f"{view}: {gap.lost} lost, {gap.doubled} doubled" if any(gap) else None
