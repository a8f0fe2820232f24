"""Is escalation in order? How often it comes, how late, and what sets it off."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import EVENTS_SINCE_BEFORE, bound, escalations, facts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

# What a healthy desk keeps to.
RATE_AIM: Final = 0.05
MESSAGES_AIM: Final = (5, 10)
PHRASES: Final = 20

_RATE: Final = """
SELECT uniqExact(ticket) AS tickets, uniqExactIf(ticket, is_escalation AND matches) AS escalated
FROM {facts}
"""
# Of each ticket's first escalation in the span.
_MESSAGES: Final = """
SELECT avg(before) AS mean, quantileExactInclusive(0.5)(before) AS middle, count() AS counted
FROM
(
    SELECT escalated.ticket AS ticket, countIf(is_message AND at <= first_at) AS before
    FROM (SELECT ticket, min(at) AS first_at FROM {escalations} GROUP BY ticket) AS escalated
    INNER JOIN
    (
        SELECT ticket, at, is_message FROM {events} AND ticket IN (SELECT ticket FROM {escalations})
    ) AS events ON events.ticket = escalated.ticket
    GROUP BY ticket
)
"""
_TRIGGERS: Final = f"""
SELECT phrase, count() AS times, uniqExact(ticket) AS tickets
FROM
(
    SELECT ticket, arrayJoin(arrayDistinct(arrayMap(term -> lowerUTF8(term), arrayConcat(
        JSONExtract(record, 'keywords', 'Array(String)'), JSONExtract(record, 'evidence', 'terms', 'Array(String)')
    )))) AS phrase
    FROM {{escalations}}
)
WHERE phrase != ''
GROUP BY phrase
ORDER BY times DESC, phrase
LIMIT {PHRASES}
"""
_RULES: Final = f"""
SELECT rule, count() AS times, uniqExact(ticket) AS tickets
FROM {{escalations}}
GROUP BY rule
ORDER BY times DESC, rule
LIMIT {PHRASES}
"""


class Trigger(Part):
    """A phrase that was found in escalations: in how many, and of how many tickets."""

    phrase: str
    count: int
    tickets: int


class RuleCount(Part):
    """A rule that raised escalations."""

    rule: str
    count: int
    tickets: int
    tickets_url: str


class Watch(Answer):
    """`escalation_rate` is escalated tickets of all, and should be less than `rate_aim`. Messages are the customer's up
    to the ticket's first escalation in the span; their mean should lie within `messages_aim`.
    """

    tickets: int
    escalated_tickets: int
    escalation_rate: float | None
    rate_aim: float
    is_rate_in_order: bool | None
    messages_before_escalation_avg: float | None
    messages_before_escalation_p50: float | None
    messages_aim: tuple[int, int]
    triggers: list[Trigger]
    rules: list[RuleCount]
    escalated_url: str


def read_watch(client: Client, selection: Selection) -> Watch:
    """Of the selection's escalations."""
    values, rows = bound(selection), escalations(selection)
    [rate] = ask(client, _RATE.replace("{facts}", facts(selection)), values)
    sql = _MESSAGES.replace("{escalations}", rows).replace("{events}", EVENTS_SINCE_BEFORE)
    [messages] = ask(client, sql, values)
    share = rate["escalated"] / rate["tickets"] if rate["tickets"] else None
    return Watch(
        **about(selection),
        tickets=rate["tickets"],
        escalated_tickets=rate["escalated"],
        escalation_rate=share,
        rate_aim=RATE_AIM,
        is_rate_in_order=None if share is None else share < RATE_AIM,
        messages_before_escalation_avg=messages["mean"] if messages["counted"] else None,
        messages_before_escalation_p50=messages["middle"] if messages["counted"] else None,
        messages_aim=MESSAGES_AIM,
        triggers=[
            Trigger(count=row.pop("times"), **row)
            for row in ask(client, _TRIGGERS.replace("{escalations}", rows), values)
        ],
        rules=[
            RuleCount(count=row.pop("times"), tickets_url=selection.tickets(rule=row["rule"]), **row)
            for row in ask(client, _RULES.replace("{escalations}", rows), values)
        ],
        escalated_url=selection.tickets(has="escalations"),
    )
