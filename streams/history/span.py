"""Which part of a history counts."""

from datetime import datetime
from typing import NamedTuple

from schemas.events import TicketEvent


class BadHistory(Exception):
    """What is wrong with a history, where, and what to do."""


class Span(NamedTuple):
    """Events of one tenant (None: of all) from `begin` up to, not including, `end` (None: without that bound)."""

    tenant: str | None = None
    begin: datetime | None = None
    end: datetime | None = None

    def holds(self, event: TicketEvent) -> bool:
        """Whether an event is in it."""
        return (
            (self.tenant is None or event.tenant == self.tenant)
            and (self.begin is None or event.occurred_at >= self.begin)
            and (self.end is None or event.occurred_at < self.end)
        )
