"""How long everything is kept: each topic and each table, in one place. Days; None is for ever.

A topic that is compacted keeps the newest row of each key for ever, and no other for more than a day or so.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

#: Topics by name, without the changelogs of stages.
TOPIC_DAYS: Final[Mapping[str, int]] = {
    "tickets.events.v1": 7,
    "tickets.scored.v1": 7,
    "tickets.escalations.v1": 30,
    # Answers to whoever waits for them now.
    "tickets.conversations.v1": 1,
    "tickets.registry.v1": 7,
    "tickets.window-partials.v1": 7,
    "tickets.windows.v1": 7,
    "tickets.alerts.v1": 30,
    "tickets.notices.v1": 7,
    "tickets.notifications.v1": 90,
    # What people say and do cannot be made again from anything else.
    "tickets.corrections.v1": 365,
    "tickets.audit.v1": 365,
    "tickets.suggestions.v1": 365,
    # What a model said cost money, and would be said otherwise another time.
    "tickets.enrichments.v1": 90,
    "tickets.shadow-scores.v1": 7,
    "tickets.predictions.v1": 7,
    "tickets.routing.v1": 7,
    "tickets.assignments.v1": 30,
    # Who was erased, by keyed hashes, and what each stage removed.
    "tickets.erasures.v1": 365,
    "tickets.dead-letters.v1": 30,
}


class TableTime(NamedTuple):
    """By which column a table's rows grow old, and how many days they are kept unless somebody says otherwise."""

    column: str
    days: int | None = None


#: Tables whose rows may grow old.
TABLES: Final[Mapping[str, TableTime]] = {
    "scored_events": TableTime("occurred_at"),
    "events_by_time": TableTime("occurred_at"),
    "escalations": TableTime("occurred_at"),
    "windows": TableTime("start"),
    "alerts": TableTime("started_at"),
    "dead_letters": TableTime("failed_at"),
    "notifications": TableTime("at"),
    "corrections": TableTime("corrected_at"),
    "audit": TableTime("at"),
    "suggestion_uses": TableTime("used_at"),
    "enrichments": TableTime("at"),
    "shadow_scores": TableTime("occurred_at"),
    "predictions": TableTime("as_of"),
    "predictions_newest": TableTime("as_of"),
    "phrases_by_day": TableTime("day"),
    "tickets_begun": TableTime("opened_at"),
    "inserted_days": TableTime("day"),
    "assignments": TableTime("at"),
}
#: Tables that are kept for ever, and why.
FOR_EVER: Final[Mapping[str, str]] = {
    "erased": "whoever was erased must not come back",
    "reanalyses": "which model wrote which rows",
    "migrations": "what the program has done to the tables",
    "migrated_columns": "what the program has done to the tables",
}
