"""Which tenant's tickets of which span a figure is about."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from schemas.events import Channel, Priority
from schemas.scored import Label

MAX_SPAN: Final = timedelta(days=400)
DEFAULT_SPAN: Final = timedelta(days=7)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
TICKETS_ADDRESS: Final = "/api/v1/tickets"


class InvalidSpan(ValueError):
    """A span that nothing can be asked of. `field` is the parameter at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A tenant, a span from `since` to before `until` (aware), and what a customer's message or an escalation must be
    of for its ticket to be looked at: one of each non-empty tuple. `agents` had a part in the ticket within the span.
    """

    tenant: str = "default"
    since: datetime
    until: datetime
    channels: tuple[Channel, ...] = ()
    categories: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    labels: tuple[Label, ...] = ()
    agents: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether not all tickets are looked at."""
        return bool(self.agents) or self.matches_messages

    @property
    def matches_messages(self) -> bool:
        """Whether not all messages are looked at."""
        return bool(self.channels or self.categories or self.priorities or self.labels)

    def previous(self) -> "Selection":
        """The same of the span of equal length just before."""
        return self.shifted(self.until - self.since)

    def shifted(self, by: timedelta) -> "Selection":
        """The same of so much earlier; not before 1970."""
        return self.of_span(max(EARLIEST, self.since - by), max(EARLIEST, self.until - by))

    def of_span(self, since: datetime, until: datetime) -> "Selection":
        """The same of another span."""
        return replace(self, since=since, until=until)

    def parameters(self) -> list[tuple[str, str]]:
        """As the query parameters of every address that takes a selection."""
        named = [("tenant", self.tenant), ("from", rfc3339(self.since)), ("to", rfc3339(self.until))]
        filters: tuple[tuple[str, Sequence[str]], ...] = (
            ("channel", self.channels),
            ("category", self.categories),
            ("priority", self.priorities),
            ("label", self.labels),
            ("agent", self.agents),
        )
        return named + [(name, value) for name, values in filters for value in values]

    def tickets(self, **narrower: str) -> str:
        """The address of the list of these tickets. `narrower` replaces or adds parameters of the list."""
        kept = [(name, value) for name, value in self.parameters() if name not in narrower]
        return f"{TICKETS_ADDRESS}?{urlencode(kept + list(narrower.items()))}"


def span_of(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The span that is meant: to the end of the running minute and from a week before it, where nothing is said.

    Raises InvalidSpan.
    """
    end = until or now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    begin = since or max(EARLIEST, end - DEFAULT_SPAN)
    for field, moment in (("from", begin), ("to", end)):
        if not EARLIEST <= moment <= LATEST:
            raise InvalidSpan(field, f"{moment.isoformat()} is outside 1970 to 2099")
    if begin >= end:
        raise InvalidSpan("from", f"{rfc3339(begin)} is not before to, {rfc3339(end)}")
    if end - begin > MAX_SPAN:
        raise InvalidSpan("from", f"{(end - begin).days} days before to; a span may have {MAX_SPAN.days}")
    return begin, end


def moment_of(text: str) -> datetime:
    """An instant, or a day's beginning, in UTC unless it says otherwise; milliseconds. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "wanted an ISO 8601 date or instant, for example 2026-11-21 or 2026-11-21T09:30:00Z"
        ) from error
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """In UTC, with as many digits as it needs."""
    return moment.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z")
