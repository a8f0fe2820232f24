"""The tickets behind a figure: every other dashboard leads here."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana.generate.board import board, choice, text_box, with_panels
from deploy.grafana.generate.links import ESCALATIONS, TICKETS, to_board, to_channel, to_conversation
from deploy.grafana.generate.panels import rows
from deploy.grafana.generate.queries import CUSTOMERS_TEXT, FILTERS, OF_TENANT, Sql, chosen, unless_empty

_LABELS: Final = ("very_negative", "negative", "neutral", "positive", "very_positive")
_IN_SPAN: Final = "$__timeFilter_ms(occurred_at)"
_ANSWERED: Final = f"""
            SELECT ticket_id FROM events_by_time_now
            WHERE {OF_TENANT} AND {_IN_SPAN} AND voice = 'agent' AND agent_id = ${{agent:sqlstring}}"""
_ESCALATED: Final = """
            SELECT ticket_id FROM escalations_between(
                tenant = ${tenant:sqlstring}, since = ${__from:date:seconds}, until = ${__to:date:seconds})"""
# Without the words: they lie with the tickets, and to look up those of a hundred would take seconds.
_WORST: Final = f"""
SELECT occurred_at AS time, ticket_id AS ticket, channel, category, priority, emotion, score, label,
    arrayStringConcat(key_phrases, ', ') AS about
FROM
(
    SELECT occurred_at, ticket_id, channel, category, priority, emotion, score, label, key_phrases
    FROM events_by_time_now
    WHERE {FILTERS}
        AND {_IN_SPAN} AND {CUSTOMERS_TEXT} AND {chosen("label", "toString(label)")}
        AND {unless_empty("phrase", "has(key_phrases, ${phrase:sqlstring})")}
        AND {unless_empty("agent", f"ticket_id IN ({_ANSWERED})")}
        AND {chosen("escalated", f"if(ticket_id IN ({_ESCALATED}), 'yes', 'no')")}
    ORDER BY score, occurred_at DESC
    LIMIT 500
)
ORDER BY score, time DESC
LIMIT 1 BY ticket
LIMIT 100
"""
_SAID: Final = f"""
SELECT occurred_at AS time, type, voice, agent_id AS agent, status, if(scored, toFloat64(score), NULL) AS score,
    if(scored, toString(label), unscored) AS label, emotion,
    substringUTF8(if(text = '', subject, text), 1, 1000) AS words,
    arrayStringConcat(arrayMap(reason -> JSONExtractString(reason, 'term'), JSONExtractArrayRaw(reasons)), ', ')
        AS because
FROM scored_events_now
WHERE {OF_TENANT} AND ticket_id = ${{ticket:sqlstring}}
ORDER BY occurred_at, log_offset
LIMIT 500
"""
_CALLED: Final = f"""
SELECT occurred_at AS time, number, state, priority, rule, reason, policy, first_response_at AS answered,
    resolved_at AS resolved
FROM escalations_now
WHERE {OF_TENANT} AND ticket_id = ${{ticket:sqlstring}}
ORDER BY occurred_at
LIMIT 50
"""


def tickets() -> Dashboard:
    """Customers' lowest scores among what was chosen, each ticket once; one that is clicked shows what was said."""
    made = board(TICKETS, "tickets", "The tickets behind a figure, the unhappiest first.")
    made.with_variable(choice("label", "Feeling", _LABELS)).with_variable(
        choice("escalated", "Escalated", ("yes", "no"))
    )
    for name, label in (("agent", "Agent"), ("phrase", "Key phrase"), ("ticket", "Ticket")):
        made.with_variable(text_box(name, label))
    return with_panels(
        made,
        [
            rows(
                "Tickets",
                Sql(_WORST),
                cells={"ticket": to_conversation()},
                description="The lowest-scored message of each ticket, of at most 100.",
                width=24,
                height=12,
                links=[to_channel(), to_board(ESCALATIONS, "Escalations")],
            ),
            rows(
                "What was said",
                Sql(_SAID),
                description="Choose a ticket above.",
                width=24,
                height=10,
                links=to_conversation(ticket="${ticket:percentencode}"),
            ),
            rows(
                "Its escalations",
                Sql(_CALLED),
                width=24,
                height=5,
                links=to_conversation(ticket="${ticket:percentencode}"),
            ),
        ],
    )
