"""Stored rows as the events that they were made of, and events with their new scores as rows again. Pure.

A row holds less than its event did. What it lacks is known again where Kafka has the event still (`Original`);
otherwise language and journey stage stay as they were stored, whoever said them, and a medium priority counts as none
given.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from schemas.events import TicketEvent
from schemas.scored import ScoredEvent, encode_event
from sinks.base import Message
from sinks.scored_columns import DEFAULT_PRIORITY
from streams.score import Received
from streams.topics import SCORED

_NOT_CUSTOMERS: Final = frozenset({"agent", "bot", "system"})


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A row of `COLUMNS`, times in Unix milliseconds."""

    tenant: str
    ticket_id: str
    event_id: str
    type: Any
    channel: Any
    occurred: int
    received: int
    appended: int
    customer_id: str
    agent_id: str
    status: str
    priority: str
    subject: str
    text: str
    author: str
    voice: str
    journey_stage: str
    product: str
    satisfaction: int
    language: str
    label: str
    category: str
    partition: int
    offset: int


_SQL: Final = {
    "occurred": "toUnixTimestamp64Milli(occurred_at)",
    "received": "toUnixTimestamp64Milli(received_at)",
    "appended": "toUnixTimestamp64Milli(appended_at)",
    "partition": "log_partition",
    "offset": "log_offset",
}
COLUMNS: Final = ", ".join(f"{_SQL[name]} AS {name}" if name in _SQL else name for name in Row.__struct_fields__)
# Whole numbers of 64 bits may be texts.
_decode = msgspec.json.Decoder(Row, strict=False).decode


class Original(NamedTuple):
    """What an event said itself, where its row has what was read or nothing."""

    language: str | None
    journey_stage: str | None
    priority: str | None


def read_rows(lines: bytes) -> list[Row]:
    """Of the format JSONCompactEachRow."""
    return [_decode(line) for line in lines.splitlines()]


def received(row: Row, original: Original | None) -> Received:
    """The event, as far as the row and what is known of the original tell."""
    if original is None:
        priority = None if row.priority in ("", DEFAULT_PRIORITY) else row.priority
        original = Original(row.language or None, row.journey_stage or None, priority)
    by_agent = row.voice == "agent" and row.type != "agent_reply" and row.author not in _NOT_CUSTOMERS
    event = TicketEvent(
        event_id=row.event_id,
        tenant=row.tenant,
        ticket_id=row.ticket_id,
        type=row.type,
        channel=row.channel,
        occurred_at=_time(row.occurred),
        customer_id=row.customer_id or None,
        agent_id=row.agent_id or None,
        status=row.status or None,  # type: ignore[arg-type]
        priority=original.priority,  # type: ignore[arg-type]
        subject=row.subject or None,
        text=row.text or None,
        # A row from before authors were stored tells by its voice alone that no customer wrote it.
        author="agent" if by_agent else row.author or None,
        journey_stage=original.journey_stage,
        product=row.product or None,
        satisfaction=row.satisfaction or None,
        language=original.language,
    )
    return Received(event, _time(row.received))


def message(row: Row, event: ScoredEvent, epoch: int) -> Message:
    """The record that the row would have been made of, had it been scored so."""
    event.model_epoch = epoch
    return Message(SCORED, row.partition, row.offset, row.appended, None, encode_event(event))


def is_other(row: Row, event: ScoredEvent) -> bool:
    """Whether label or category have changed."""
    label = event.sentiment.label if event.sentiment else "unset"
    return row.label != label or row.category != event.category


def scorers(events: Sequence[ScoredEvent]) -> dict[str, int]:
    """How many were scored by which model."""
    return dict(Counter(event.scorer for event in events))


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
