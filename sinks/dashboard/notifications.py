"""Who was told of what, as the page shows it: how each notification of a span or of a ticket stands."""

from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel, ConfigDict

from schemas.notifications import Kind, State
from sinks.dashboard.asking import Bound, ask, from_milliseconds, last_minutes

MAX_NOTIFICATIONS: Final = 30

# The newest record of each notification; those of a ticket, or all that something happened to since a time.
_NEWEST: Final = """
SELECT toString(notification_id) AS id, kind, target, provider, recipient, state, attempt, ticket_id, reason, reference,
    toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(due_at) AS due_ms, provider_ms, revision
FROM notifications FINAL
WHERE tenant = {tenant:String} AND {which}
ORDER BY revision DESC
LIMIT 1 BY notification_id
"""
_OF_A_TICKET: Final = _NEWEST.replace("{which}", "ticket_id = {ticket:String} AND ticket_id != ''")
_OF_A_SPAN: Final = _NEWEST.replace("{which}", "at >= toDateTime({since:UInt32}, 'UTC')")
_SHOWN: Final = "SELECT * FROM ({newest}) ORDER BY at_ms DESC, id LIMIT {rows:UInt32}"
_COUNTS: Final = "SELECT state, count() AS notifications FROM ({newest}) GROUP BY state"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShownNotification(_Part):
    """How one stands, since `at`. `attempt` is the last one, 0 before the first; `reason` says why it waits, failed or
    was suppressed. `reference` is how the provider calls it, or the notification that it was told together with.
    """

    notification_id: str
    kind: Kind
    target: str
    provider: str
    recipient: str
    state: State
    attempt: int
    ticket_id: str | None
    reason: str
    reference: str | None
    at: datetime
    due_at: datetime
    provider_ms: int | None


class Notifications(_Part):
    """Those of one tenant to which something happened at `since` or later: how many are in each state, and the newest
    30.
    """

    tenant: str
    minutes: int
    since: datetime
    generated_at: datetime
    pending: int
    sent: int
    failed: int
    suppressed: int
    notifications: list[ShownNotification]


def read_notifications(client: Client, tenant: str, minutes: int, now: datetime) -> Notifications:
    """Those of the last `minutes` before `now` (aware), the running minute included.

    Raises clickhouse_connect's errors when the database does not answer.
    """
    since, _ = last_minutes(minutes, now)
    bound: Bound = {"tenant": tenant, "since": int(since.timestamp())}
    counts = {row["state"]: row["notifications"] for row in ask(client, _COUNTS.replace("{newest}", _OF_A_SPAN), bound)}
    return Notifications(
        tenant=tenant,
        minutes=minutes,
        since=since,
        generated_at=now,
        pending=counts.get("pending", 0),
        sent=counts.get("sent", 0),
        failed=counts.get("failed", 0),
        suppressed=counts.get("suppressed", 0),
        notifications=_newest(client, _OF_A_SPAN, bound),
    )


def read_notifications_of(client: Client, tenant: str, ticket: str) -> list[ShownNotification]:
    """The newest of one ticket, those in a digest included, but not the digest, which is of several."""
    return _newest(client, _OF_A_TICKET, {"tenant": tenant, "ticket": ticket})


def _newest(client: Client, newest: str, bound: Bound) -> list[ShownNotification]:
    rows = ask(client, _SHOWN.replace("{newest}", newest), {**bound, "rows": MAX_NOTIFICATIONS})
    return [
        ShownNotification(
            notification_id=row["id"],
            at=from_milliseconds(row["at_ms"]),
            due_at=from_milliseconds(row["due_ms"]),
            **{name: row[name] for name in ("kind", "target", "provider", "recipient", "state", "attempt", "reason")},
            **{name: row[name] or None for name in ("ticket_id", "reference")},
            provider_ms=row["provider_ms"],
        )
        for row in rows
    ]
