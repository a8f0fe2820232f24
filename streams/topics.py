"""The topics: their names, what may be in them and how they are kept."""

from typing import NamedTuple

from schemas.retention import TOPIC_DAYS

EVENTS = "tickets.events.v1"
SCORED = "tickets.scored.v1"
ESCALATIONS = "tickets.escalations.v1"
PARTIALS = "tickets.window-partials.v1"
WINDOWS = "tickets.windows.v1"
ALERTS = "tickets.alerts.v1"
DEAD_LETTERS = "tickets.dead-letters.v1"
CONVERSATIONS = "tickets.conversations.v1"
REGISTRY = "tickets.registry.v1"
NOTICES = "tickets.notices.v1"
NOTIFICATIONS = "tickets.notifications.v1"
CORRECTIONS = "tickets.corrections.v1"
AUDIT = "tickets.audit.v1"
SUGGESTIONS = "tickets.suggestions.v1"
ENRICHMENTS = "tickets.enrichments.v1"
SHADOW_SCORES = "tickets.shadow-scores.v1"
PREDICTIONS = "tickets.predictions.v1"
ROUTING = "tickets.routing.v1"
ASSIGNMENTS = "tickets.assignments.v1"
ERASURES = "tickets.erasures.v1"

# Which topic lands in which table of ClickHouse.
STORED = {
    SCORED: "scored_events",
    ESCALATIONS: "escalations",
    WINDOWS: "windows",
    ALERTS: "alerts",
    NOTIFICATIONS: "notifications",
    CORRECTIONS: "corrections",
    AUDIT: "audit",
    SUGGESTIONS: "suggestion_uses",
    ENRICHMENTS: "enrichments",
    SHADOW_SCORES: "shadow_scores",
    PREDICTIONS: "predictions",
    ASSIGNMENTS: "assignments",
    DEAD_LETTERS: "dead_letters",
}

# Which consumer group reads what. The names of groups begin with the installation's (TICKETPULSE_NAME).
READ_BY = {
    "score": [EVENTS],
    "track": [SCORED],
    "registry": [REGISTRY],
    "trends": [PARTIALS],
    "notify": [NOTICES],
    "routing": [ROUTING],
    "sender": [NOTIFICATIONS],
    "clickhouse": list(STORED),
}

_DAY_MS = 86_400_000
_MB = 1_048_576
_SEGMENT_MS = _DAY_MS
# The broker looks for old segments and for what can be compacted now and then.
_LOOKS_MS = 3_600_000


class Topic(NamedTuple):
    """A topic and the settings that the pipeline depends on."""

    name: str
    settings: dict[str, str]


def longest_ms(topic: Topic) -> int:
    """Milliseconds after which a record, or a row that was deleted, is gone at the latest. A log that is kept for a
    time is kept by segments; of a row that was deleted the key stays for another day, and until it is compacted again.
    """
    kept = int(topic.settings["retention.ms"]) if "retention.ms" in topic.settings else 2 * _DAY_MS
    return kept + _SEGMENT_MS + _LOOKS_MS


def changelog_of(stage: str) -> str:
    """The topic that holds a stage's state rows and positions."""
    return f"tickets.{stage}-changelog.v1"


def _kept(name: str, days: int, max_bytes: int = 4 * _MB) -> Topic:
    return Topic(
        name,
        {
            "cleanup.policy": "delete",
            "retention.ms": str(days * _DAY_MS),
            # Retention removes whole segments: without this a record could outlive it by a week.
            "segment.ms": str(_SEGMENT_MS),
            # Late and future are judged against the time of the append, which only the broker knows.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(max_bytes),
        },
    )


def _compacted(name: str) -> Topic:
    return Topic(
        name,
        {
            "cleanup.policy": "compact",
            # Small segments and a low dirty ratio: recovery reads little more than the live rows.
            "segment.bytes": str(64 * _MB),
            "min.cleanable.dirty.ratio": "0.1",
            # A row that was deleted or replaced is gone after a day, however little is written.
            "max.compaction.lag.ms": str(_SEGMENT_MS),
            "max.message.bytes": str(4 * _MB),
        },
    )


ALL = (
    *(_kept(name, days) for name, days in TOPIC_DAYS.items() if name != DEAD_LETTERS),
    # A dead letter is its record with headers on top.
    _kept(DEAD_LETTERS, TOPIC_DAYS[DEAD_LETTERS], 8 * _MB),
    *(_compacted(changelog_of(stage)) for stage in ("score", "track", "registry", "trends", "notify", "routing")),
)
