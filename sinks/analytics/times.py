"""How long customers waited, as SQL: one row for each ticket that was first answered or was resolved in the span.

`response` and each of `resolutions` are milliseconds from the ticket's first event ever; `response` is null where the
first answer came in another span, or nobody had asked.
"""

from typing import Final

from sinks.analytics.facts import EVENTS, of_tickets
from sinks.analytics.selection import Selection

# No time at all: the least of it and a time is the time.
NEVER: Final = "toInt64(9000000000000000)"


def times(selection: Selection) -> str:
    """To be put behind FROM."""
    events = f"{EVENTS} AND (is_reply OR is_resolution) {of_tickets(selection)}"
    # One list of what happened in the span and of when the tickets began takes half of what a join of both takes.
    return f"""
(
    SELECT
        ticket, min(opened_ms) AS opened, min(answered_ms) AS answered,
        if(max(replied) AND answered >= {{since_ms:Int64}} AND answered > opened, answered - opened, NULL) AS response,
        arrayMap(each -> each - opened, groupArrayIf(resolved_ms, resolved_ms > 0)) AS resolutions
    FROM
    (
        SELECT
            ticket, is_reply AS replied, if(is_resolution, toInt64(at), 0) AS resolved_ms,
            {NEVER} AS opened_ms, {NEVER} AS answered_ms
        FROM {events}
        UNION ALL
        SELECT
            ticket, false, toInt64(0),
            greatest(toUnixTimestamp64Milli(opened_at), 0), toUnixTimestamp64Milli(answered_at)
        FROM tickets_begun
        WHERE tenant = {{tenant:String}} AND ticket IN (SELECT ticket FROM {events})
    )
    GROUP BY ticket
    HAVING isNotNull(response) OR notEmpty(resolutions)
)"""


# Quantiles are exact: of n times the one at place q * (n - 1), between two places in proportion.
MEASURES: Final = """
    countIf(isNotNull(response)) AS first_responses,
    sum(length(resolutions)) AS resolutions_made,
    quantilesExactInclusive(0.5, 0.95)(assumeNotNull(response)) FILTER (WHERE isNotNull(response)) AS responses,
    quantilesExactInclusiveArray(0.5, 0.95)(resolutions) AS ends,
    if(first_responses = 0, NULL, responses[1] / 1000) AS first_response_p50,
    if(first_responses = 0, NULL, responses[2] / 1000) AS first_response_p95,
    if(resolutions_made = 0, NULL, ends[1] / 1000) AS resolution_p50,
    if(resolutions_made = 0, NULL, ends[2] / 1000) AS resolution_p95"""
