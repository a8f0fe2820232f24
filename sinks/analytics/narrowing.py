"""Which of a selection's tickets a figure is about, as SQL: the very rows that the figure counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from schemas.scored import LABELS
from sinks.analytics.emotions import FELT
from sinks.analytics.facts import EVENTS, escalations, facts, matching_message, milliseconds, of_tickets, texts
from sinks.analytics.per_ticket import per_ticket
from sinks.analytics.selection import Selection

Has = Literal[
    "messages",
    "very_negative",
    "negative",
    "neutral",
    "positive",
    "very_positive",
    "any_negative",
    "escalations",
    "resolutions",
    "first_response",
    "ratings",
    "slow_resolution",
    "critical",
]

SLOW_RESOLUTION_HOURS: Final = 48


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """`has` names what the tickets must have in the span; the others what one of their texts or messages is of, whose
    they are, and between which moments something happened in them.
    """

    has: Has | None = None
    emotion: str | None = None
    phrase: str | None = None
    subcategory: str | None = None
    product: str | None = None
    customer: str | None = None
    rule: str | None = None
    active_from: datetime | None = None
    active_to: datetime | None = None

    def bound(self) -> dict[str, Any]:
        """The values by the names that the SQL uses."""
        return {
            "has": self.has or "",
            **{name: getattr(self, name) or "" for name in ("emotion", "phrase", "subcategory", "product", "customer")},
            "rule": self.rule or "",
            "active_from": 0 if self.active_from is None else milliseconds(self.active_from),
            "active_to": 2**62 if self.active_to is None else milliseconds(self.active_to),
            "slow": SLOW_RESOLUTION_HOURS * 3_600_000,
        }


def narrowed(selection: Selection, narrowing: Narrowing) -> str:
    """`AND …` for the tickets."""
    message = f"{EVENTS} AND {matching_message(selection)}"
    conditions = (
        (narrowing.has, _having(selection, narrowing.has)),
        (narrowing.emotion, f"{texts(selection)} AND mapContains({FELT}, {{emotion:String}})"),
        (narrowing.phrase, f"{texts(selection)} AND has(key_phrases, {{phrase:String}})"),
        (narrowing.subcategory, f"{message} AND subcategory = {{subcategory:String}}"),
        (narrowing.product, f"{message} AND product = {{product:String}}"),
        (narrowing.customer, f"{EVENTS} AND customer_id = {{customer:String}}"),
        (narrowing.rule, f"{escalations(selection)} AND rule = {{rule:String}}"),
        (
            narrowing.active_from or narrowing.active_to,
            f"{facts(selection)} WHERE at >= {{active_from:Int64}} AND at < {{active_to:Int64}}",
        ),
    )
    return "\n".join(f"AND ticket IN (SELECT ticket FROM {rows})" for value, rows in conditions if value is not None)


def _having(selection: Selection, has: Has | None) -> str:
    if has in LABELS:
        return f"{texts(selection)} AND toString(label) = {{has:String}}"
    rows: dict[Has | None, str] = {
        "messages": texts(selection),
        "any_negative": f"{texts(selection)} AND label IN ('very_negative', 'negative')",
        "escalations": escalations(selection),
        "resolutions": f"{EVENTS} AND is_resolution {of_tickets(selection)}",
        "first_response": f"{per_ticket(selection)} WHERE isNotNull(response)",
        "ratings": f"{EVENTS} AND satisfaction > 0 {of_tickets(selection)}",
        "critical": f"{EVENTS} AND {matching_message(selection)} AND (priority = 'urgent' OR urgency = 'critical')",
        "slow_resolution": f"{per_ticket(selection)} WHERE arrayExists(each -> each > {{slow:Int64}}, resolutions)",
    }
    return rows.get(has, "")
