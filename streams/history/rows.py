"""Ticket events out of what ClickHouse keeps of them, in the order of their times.

A row holds less than its event did: no author, session, contact or metadata, and a medium priority for none. So what a
bot or a system wrote counts as an agent's, a rule that is limited to once a session is to once a ticket, an escalation
that was asked for has no reason, and a priority that was set to medium is not seen.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from schemas.events import TicketEvent
from sinks.clickhouse.stored import PAGE_ROWS, read_events, read_rows
from sinks.rows import DEFAULT_PRIORITY
from streams.history.span import BadHistory, Span

_PLAIN: Final = ("event_id", "tenant", "ticket_id", "type", "channel")
# Empty in the table for none.
_MAY_BE_MISSING: Final = ("customer_id", "agent_id", "status", "subject", "text", "journey_stage", "language")


class HistoryRows:
    """The events of `scored_events_now`, each once, page by page. Raises QueryFailed, CannotOpen, or BadHistory where
    there are none.
    """

    unreadable = 0

    def __init__(self, url: str, span: Span, page_rows: int = PAGE_ROWS) -> None:
        self._url = url
        self._page_rows = page_rows
        self._where = " AND ".join(_conditions(span)) or "1"
        [counted] = read_rows(url, f"SELECT toString(count()) AS events FROM scored_events_now WHERE {self._where}")  # noqa: S608
        self._count = int(counted["events"])
        if not self._count:
            raise BadHistory("ClickHouse: scored_events_now has no event of this tenant and time")

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[TicketEvent]:
        """The events by time; those of one millisecond as they stand in the log."""
        columns = ", ".join((*_PLAIN, *_MAY_BE_MISSING, "voice", "priority", "satisfaction"))
        at = "toUnixTimestamp64Milli(occurred_at)"
        yield from map(event_of, read_events(self._url, columns, at, self._where, page_rows=self._page_rows))


def event_of(row: dict[str, Any]) -> TicketEvent:
    """The event that a row was made of, as far as the row tells."""
    fields: dict[str, Any] = {name: row[name] for name in _PLAIN}
    fields |= {name: row[name] or None for name in _MAY_BE_MISSING}
    fields["occurred_at"] = datetime.fromtimestamp(int(row["at"]) / 1000, UTC)
    fields["priority"] = None if row["priority"] == DEFAULT_PRIORITY else row["priority"]
    fields["satisfaction"] = row["satisfaction"] or None
    fields["author"] = "agent" if row["voice"] == "agent" else None
    return msgspec.convert(fields, TicketEvent)


def _conditions(span: Span) -> Iterator[str]:
    # The command checks a tenant's name against the schema: it holds no quotation mark.
    if span.tenant is not None:
        yield f"tenant = '{span.tenant}'"
    for moment, comparison in ((span.begin, ">="), (span.end, "<")):
        if moment is not None:
            yield f"occurred_at {comparison} fromUnixTimestamp64Milli({round(moment.timestamp() * 1000)}, 'UTC')"
