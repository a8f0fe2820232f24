"""What became of each ticket of an experiment within a fixed time after it began, from ClickHouse.

Every ticket is looked at for the same time, so its outcome is settled once that is over: what a later look sees of it
is what an earlier one saw, and tickets that began last do not count as bad because they are young.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.experiments import Running
from sinks.analytics.facts import milliseconds
from sinks.dashboard.asking import ask, from_milliseconds

# Events of a ticket within the time that is looked at. A ticket's first event says by which channel it came.
_TICKETS: Final = """
SELECT
    ticket_id,
    any(opened) AS began,
    argMin(channel, (at, log_offset)) AS first_channel,
    argMin(customer_id, (at, log_offset)) AS first_customer,
    max(is_message) AS asked,
    minIf(at, is_reply) AS replied,
    minIf(at, status IN ('resolved', 'closed')) AS ended,
    minIf(at, is_resolution) AS resolved,
    argMaxIf(satisfaction, (at, log_offset), satisfaction > 0) AS rating,
    minIf(at, satisfaction BETWEEN 1 AND 2) AS rated_badly,
    groupArrayIf(at, status IN ('new', 'open', 'in_progress', 'awaiting_customer')) AS opens
FROM analytics_events
INNER JOIN
(
    SELECT ticket, greatest(toUnixTimestamp64Milli(min(opened_at)), 0) AS opened
    FROM tickets_begun
    WHERE tenant = {tenant:String}
    GROUP BY ticket
    HAVING opened >= {since_ms:Int64} AND opened < {until_ms:Int64}
) AS begun USING (ticket)
WHERE tenant = {tenant:String}
    AND toDate(occurred_at) >= toDate(toDateTime({since:UInt32}, 'UTC'))
    AND toDate(occurred_at) <= toDate(toDateTime({last:UInt32}, 'UTC'))
    AND at < opened + {settle:Int64}
GROUP BY ticket_id
ORDER BY began, ticket_id
"""
_LEAVING: Final = """
SELECT ticket_id, groupArray(toUnixTimestamp64Milli(occurred_at)) AS said
FROM scored_events_now
WHERE tenant = {tenant:String} AND has(signals, 'leaving')
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at <= toDateTime({last:UInt32}, 'UTC')
GROUP BY ticket_id
"""
_ESCALATIONS: Final = """
SELECT
    ticket_id, arm,
    toUnixTimestamp64Milli(occurred_at) AS at,
    ifNull(toUnixTimestamp64Milli(acknowledged_at), 0) AS acknowledged,
    ifNull(toUnixTimestamp64Milli(first_response_at), 0) AS responded,
    ifNull(toUnixTimestamp64Milli(respond_by), 0) AS wanted
FROM escalations_now
WHERE tenant = {tenant:String}
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at <= toDateTime({last:UInt32}, 'UTC')
ORDER BY at, ticket_id
"""
_CORRECTED: Final = """
SELECT ticket_id, groupArray(toUnixTimestamp64Milli(corrected_at)) AS said
FROM corrections_standing
WHERE tenant = {tenant:String} AND field = 'label' AND new IN ('negative', 'very_negative')
    AND corrected_at >= toDateTime({since:UInt32}, 'UTC') AND corrected_at <= toDateTime({last:UInt32}, 'UTC')
GROUP BY ticket_id
"""


class Settled(NamedTuple):
    """A ticket of an arm, and what became of it within the time that is looked at. Times are Unix milliseconds, 0 for
    never; `settled` is when that time was over. `bad` is the first sign of a bad end: rated 1 or 2, reopened, or the
    customer said that he leaves. `confirmed` says that somebody found an escalation right. `told` are the arms that
    its escalations name, which should be its own.
    """

    ticket_id: str
    arm: str
    opened: int
    settled: int
    asked: bool
    replied: int
    resolved: int
    rating: int
    bad: int
    escalations: int
    escalated: int
    confirmed: bool
    told: tuple[str, ...]


def read_tickets(client: Client, running: Running, now: datetime) -> list[Settled]:
    """All tickets that an arm took until `now` (aware), in the order in which they began; also those of which the
    outcome is not settled yet.
    """
    about = running.experiment
    since, until = milliseconds(about.start), min(milliseconds(about.end), milliseconds(now))
    if until <= since:
        return []
    bound: dict[str, Any] = {
        "tenant": about.tenant,
        "since": since // 1000,
        "since_ms": since,
        "until_ms": until,
        "last": (until + about.settle) // 1000 + 1,
        "settle": about.settle,
    }
    leaving = {row["ticket_id"]: row["said"] for row in ask(client, _LEAVING, bound)}
    corrected = {row["ticket_id"]: row["said"] for row in ask(client, _CORRECTED, bound)}
    raised: dict[str, list[dict[str, Any]]] = {}
    for row in ask(client, _ESCALATIONS, bound):
        raised.setdefault(row["ticket_id"], []).append(row)
    found = []
    for row in ask(client, _TICKETS, bound):
        ticket = row["ticket_id"]
        made = _settled(running, row, leaving.get(ticket, ()), corrected.get(ticket, ()), raised.get(ticket, ()))
        if made is not None:
            found.append(made)
    return found


def _settled(running: Running, row: dict[str, Any], leaving: Any, corrected: Any, raised: Any) -> Settled | None:
    about, opened = running.experiment, row["began"]
    if about.channels and row["first_channel"] not in about.channels:
        return None
    arm = about.arm_of(about.unit(row["ticket_id"], row["first_customer"])).name
    if not running.takes(arm, from_milliseconds(opened)):
        return None
    end = opened + about.settle
    within = [each for each in raised if opened <= each["at"] < end]
    reopened = [at for at in row["opens"] if row["ended"] and at > row["ended"]]
    signs = [at for at in (row["rated_badly"], *reopened, *leaving) if at and at < end]
    return Settled(
        ticket_id=row["ticket_id"],
        arm=arm,
        opened=opened,
        settled=end,
        asked=bool(row["asked"]),
        replied=row["replied"],
        resolved=row["resolved"],
        rating=row["rating"],
        bad=min(signs, default=0),
        escalations=len(within),
        escalated=within[0]["at"] if within else 0,
        confirmed=bool(within)
        and (any(within[0]["at"] <= at < end for at in corrected) or any(_answered(each, end) for each in within)),
        told=tuple(sorted({each["arm"] for each in within})),
    )


def _answered(escalation: dict[str, Any], end: int) -> bool:
    """Whether somebody took it, or answered as soon as was promised."""
    acknowledged, responded = escalation["acknowledged"], escalation["responded"]
    return bool(0 < acknowledged < end or (0 < responded < end and responded <= escalation["wanted"]))
