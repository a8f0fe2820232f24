"""What an assignment looks like in its table. Pure."""

import uuid
from collections.abc import Sequence

from schemas.assignments import Assignment, decode_assignment
from sinks.base import Message
from sinks.columns import (
    UINT32,
    Columns,
    as_they_are,
    check_time,
    check_whole,
    milliseconds,
    newest_of_its_id,
    value_of,
    version,
)

_PLAIN = (
    *("tenant", "ticket_id", "session", "revision", "state", "reason", "queue", "agent", "previous"),
    *("channel", "category", "language", "priority", "is_escalated"),
)


def read_assignment(message: Message) -> Assignment:
    """Raises ValueError for what can be no row."""
    record = decode_assignment(value_of(message))
    uuid.UUID(record.assignment_id)
    check_whole("revision", record.revision, 0, UINT32)
    for name in ("since", "at"):
        check_time(name, getattr(record, name))
    version(0, message.offset)
    return record


def assignment_columns(messages: Sequence[Message], records: Sequence[Assignment]) -> Columns:
    """One row a record."""
    return {
        "assignment_id": [uuid.UUID(each.assignment_id) for each in records],
        **as_they_are(_PLAIN, records),
        **{name: [milliseconds(getattr(each, name)) for each in records] for name in ("since", "at")},
        "tried": [list(each.tried) for each in records],
        **newest_of_its_id(messages),
    }
