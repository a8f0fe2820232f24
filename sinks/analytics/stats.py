"""What stands in the books: incidents by what they are about, how they sound and how they stand, and who was told."""

from typing import Final

from clickhouse_connect.driver.client import Client

from schemas.events import STATUSES
from sinks.analytics.facts import bound, facts
from sinks.analytics.figures import Answer, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

# A ticket stands as it was said last, and sounds as its lowest text does.
_STANDING: Final = """
SELECT last_status, sounds, count() AS tickets
FROM
(
    SELECT
        if(countIf(status != '') = 0, 'new', argMaxIf(toString(status), (at, log_offset), status != '')) AS last_status,
        multiIf(countIf(is_text AND matches) = 0, 'unknown', minIf(toInt8(label), is_text AND matches) <= 2, 'negative',
            minIf(toInt8(label), is_text AND matches) = 3, 'neutral', 'positive') AS sounds
    FROM {facts}
    GROUP BY ticket
)
GROUP BY last_status, sounds
"""
_OF: Final = """
SELECT toString({column}) AS value, uniqExact(ticket) AS tickets
FROM {facts}
WHERE matches AND (is_message OR is_escalation)
GROUP BY value ORDER BY tickets DESC, value
"""
_TOLD: Final = """
SELECT kind = 'reminder' AS is_reminder, state, uniqExact(notification_id) AS notifications
FROM notifications_standing
WHERE tenant = {tenant:String} AND at >= toDateTime64({since_ms:Int64} / 1000, 3, 'UTC')
    AND at < toDateTime64({until_ms:Int64} / 1000, 3, 'UTC')
GROUP BY is_reminder, state
"""


class Stats(Answer):
    """Tickets of the span: all, those not resolved or closed at its end, and those that are; by the category, channel
    and sound (negative, neutral, positive; unknown without a scored text) of their messages. A ticket may count for
    several categories. `notifications` are those of the tenant in the span by how they stand; `reminders_sent` is part
    of them.
    """

    total_incidents: int
    open: int
    resolved: int
    by_classification: dict[str, int]
    by_channel: dict[str, int]
    by_sentiment: dict[str, int]
    by_status: dict[str, int]
    notifications: dict[str, int]
    reminders_sent: int


def read_stats(client: Client, selection: Selection) -> Stats:
    """Of the selection's tickets."""
    values, rows = bound(selection), facts(selection)
    standing = ask(client, _STANDING.replace("{facts}", rows), values)
    of = {
        column: ask(client, _OF.replace("{column}", column).replace("{facts}", rows), values)
        for column in ("category", "channel")
    }
    told = ask(client, _TOLD, values)
    statuses = {name: sum(row["tickets"] for row in standing if row["last_status"] == name) for name in STATUSES}
    resolved = statuses["resolved"] + statuses["closed"]
    total = sum(statuses.values())
    return Stats(
        **about(selection),
        total_incidents=total,
        open=total - resolved,
        resolved=resolved,
        by_classification={row["value"]: row["tickets"] for row in of["category"]},
        by_channel={row["value"]: row["tickets"] for row in of["channel"]},
        by_sentiment={
            name: sum(row["tickets"] for row in standing if row["sounds"] == name)
            for name in ("negative", "neutral", "positive", "unknown")
        },
        by_status=statuses,
        notifications={
            state: sum(row["notifications"] for row in told if row["state"] == state)
            for state in ("pending", "sent", "failed", "suppressed")
        },
        reminders_sent=sum(row["notifications"] for row in told if row["is_reminder"] and row["state"] == "sent"),
    )
