"""What counts in a selection, as SQL: rows of events and of escalations, of the tickets that are looked at.

Values are bound, never part of the SQL; what is put together here are whole fragments of this file.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sinks.analytics.selection import Selection

# How far back a customer's earlier messages are counted.
LOOK_BACK: Final = timedelta(days=90)

_WITHIN: Final = "at >= {since_ms:Int64} AND at < {until_ms:Int64}"


def _events(begin: str, end: str) -> str:
    """Days are chosen before copies of an event are merged, moments after that."""
    return f"""analytics_events WHERE tenant = {{tenant:String}}
    AND toDate(occurred_at) >= toDate(toDateTime({{{begin}:UInt32}}, 'UTC'))
    AND toDate(occurred_at) <= toDate(toDateTime({{{end}:UInt32}}, 'UTC'))
    AND at >= {{{begin}_ms:Int64}} AND at < {{{end}_ms:Int64}}"""


# All of a span's events, and what its escalations are; every fragment below begins with one of these.
EVENTS: Final = _events("since", "until")
# What is looked back at for what began before the span, with the span and without it.
EVENTS_SINCE_BEFORE: Final = _events("before", "until")
EVENTS_BEFORE: Final = _events("before", "since")
# Not by the view escalations_between, which is planned anew wherever it stands: half the time of a question of a week.
ESCALATIONS: Final = f"""
(
    SELECT *, cityHash64(ticket_id) AS ticket, toUnixTimestamp64Milli(occurred_at) AS at
    FROM escalations FINAL
    PREWHERE tenant = {{tenant:String}} AND occurred_at >= toDateTime({{since:UInt32}}, 'UTC')
        AND occurred_at < toDateTime({{after:UInt32}}, 'UTC')
) WHERE {_WITHIN}"""


def bound(selection: Selection, **more: Any) -> dict[str, Any]:
    """The values of a selection by the names that the fragments use, and more."""
    since, until = milliseconds(selection.since), milliseconds(selection.until)
    before = max(0, since - LOOK_BACK // timedelta(milliseconds=1))
    return {
        "tenant": selection.tenant,
        "since": since // 1000,
        "until": max(0, until - 1) // 1000,
        "after": -(-until // 1000),
        "since_ms": since,
        "until_ms": until,
        # Where the span begins within what is read: `per_ticket` may begin before it.
        "split_ms": since,
        "before": before // 1000,
        "before_ms": before,
        "channels": list(selection.channels),
        "categories": list(selection.categories),
        "priorities": list(selection.priorities),
        "labels": list(selection.labels),
        "agents": list(selection.agents),
        **more,
    }


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - datetime.fromtimestamp(0, moment.tzinfo)) // timedelta(milliseconds=1)


def matching_message(selection: Selection) -> str:
    """Whether an event is a message that the selection is of."""
    return " AND ".join(["is_message", *_matches(selection, "priority")])


def matching_escalation(selection: Selection) -> str:
    """Whether an escalation is one that the selection is of: by the priority that the ticket had before."""
    return " AND ".join(["1", *_matches(selection, "priority_before")])


def of_agents(selection: Selection) -> str:
    """`AND …` for the tickets of the selection's agents; empty where any ticket will do."""
    if not selection.agents:
        return ""
    return f"AND ticket IN (SELECT ticket FROM {EVENTS} AND agent_id IN {{agents:Array(String)}})"


def of_tickets(selection: Selection) -> str:
    """`AND …` for the tickets of the selection; empty where any ticket will do."""
    if not selection.matches_messages:
        return of_agents(selection)
    return f"""AND ticket IN
    (
        SELECT ticket FROM {EVENTS} AND {matching_message(selection)} {of_agents(selection)}
        UNION ALL
        SELECT ticket FROM {ESCALATIONS} AND {matching_escalation(selection)} {of_agents(selection)}
    )"""


def texts(selection: Selection) -> str:
    """The scored texts of customers that the selection is of, to be put behind FROM; conditions may follow."""
    return f"{EVENTS} AND is_text AND {matching_message(selection)} {of_agents(selection)}"


def escalations(selection: Selection) -> str:
    """The escalations that the selection is of, to be put behind FROM; conditions may follow."""
    return f"{ESCALATIONS} AND {matching_escalation(selection)} {of_agents(selection)}"


def facts(selection: Selection) -> str:
    """The events and escalations of the selection's tickets as one list, to be put behind FROM.

    `matches` tells of messages and escalations whether the selection is of them.
    """
    # The tickets are chosen behind the union: before it, they would be looked for once for each half.
    return f"(SELECT * FROM ({all_facts(selection)}) WHERE 1 {of_tickets(selection)})"


def matching(selection: Selection) -> str:
    """The messages and escalations that the selection is of, with the columns of `facts`, to be put behind FROM."""
    matches = "matches AND (is_message OR is_escalation)"
    return f"(SELECT * FROM ({all_facts(selection)}) WHERE {matches} {of_agents(selection)})"


def all_facts(selection: Selection) -> str:
    """The same of all tickets, as a query."""
    return f"""
    SELECT
        ticket, ticket_id, at, status, log_offset, channel, category, priority, subcategory, product,
        true AS is_event, is_text, is_message, is_reply, is_resolution, false AS is_escalation,
        {matching_message(selection)} AS matches, score, label, satisfaction, customer_id, agent_id
    FROM {EVENTS}
    UNION ALL
    SELECT
        ticket, ticket_id, at, '', 0, channel, category, priority_before, '', '',
        false, false, false, false, false, true, {matching_escalation(selection)}, score, label, 0, '', ''
    FROM {ESCALATIONS}"""


def _matches(selection: Selection, priority: str) -> list[str]:
    conditions = (
        (selection.channels, "channel IN {channels:Array(String)}"),
        (selection.categories, "category IN {categories:Array(String)}"),
        (selection.priorities, f"{priority} IN {{priorities:Array(String)}}"),
        (selection.labels, "toString(label) IN {labels:Array(String)}"),
    )
    return [sql for values, sql in conditions if values]
