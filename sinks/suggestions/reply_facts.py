"""What a draft may name: the facts of one ticket. Pure. All texts are inert (`sinks/notify/inert.py`), of one line."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Final

from sinks.notify.inert import one_line

_LINE: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFacts:
    """The facts of a ticket. One that it does not have is an empty text, or none for a time. Times are UTC.

    `customer` is the customer's name, where a channel tells it. `ticket` is the ticket's number, or its id while there
    is none. `label` is how the customer's newest words sound. `opened_at` is its first event, `waiting_since` since
    when the customer waits for an answer. `article` and `article_url` are of the article that fits best.
    """

    ticket_id: str
    customer: str = ""
    customer_id: str = ""
    ticket: str = ""
    number: str = ""
    agent: str = ""
    product: str = ""
    category: str = ""
    subject: str = ""
    channel: str = ""
    priority: str = ""
    urgency: str = ""
    label: str = ""
    emotion: str = ""
    opened_at: datetime | None = None
    waiting_since: datetime | None = None
    article: str = ""
    article_url: str = ""

    def named(self) -> dict[str, object]:
        """By the names that templates use, made inert."""
        facts = self if self.ticket else replace(self, ticket=self.number or self.ticket_id)
        values = ((each.name, getattr(facts, each.name)) for each in fields(self))
        return {name: one_line(value, _LINE) if isinstance(value, str) else value for name, value in values}


NAMES: Final = frozenset(each.name for each in fields(ReplyFacts))

_AT: Final = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
# What templates are tried on: everything, and nothing that may be missing.
SAMPLES: Final = (
    ReplyFacts(
        ticket_id="t-1042",
        customer="Ann Example",
        customer_id="c-77",
        ticket="TKT-2026-0042",
        number="TKT-2026-0042",
        agent="Kim",
        product="Travel card",
        category="delivery",
        subject="Where is my parcel?",
        channel="email",
        priority="high",
        urgency="high",
        label="negative",
        emotion="frustrated",
        opened_at=_AT,
        waiting_since=_AT,
        article="When your new card arrives",
        article_url="https://help.example.com/cards/delivery",
    ),
    ReplyFacts(ticket_id="t-1042"),
)
