"""How long customers waited, as SQL: one row for each ticket that was first answered or was resolved in the span.

`response` and each of `resolutions` are milliseconds from the ticket's first event ever; `response` is null where the
first answer came in another span, or nobody had asked.
"""

from typing import Final

from sinks.analytics.facts import EVENTS, of_tickets
from sinks.analytics.selection import Selection

_BEGUN: Final = """
SELECT ticket, toUnixTimestamp64Milli(min(opened_at)) AS opened, toUnixTimestamp64Milli(min(answered_at)) AS answered
FROM tickets_begun
WHERE tenant = {tenant:String} AND ticket IN (SELECT ticket FROM {events})
GROUP BY ticket
"""


def times(selection: Selection) -> str:
    """To be put behind FROM."""
    events = f"{EVENTS} AND (is_reply OR is_resolution) {of_tickets(selection)}"
    return f"""
(
    SELECT
        ticket,
        if(replies > 0 AND answered >= {{since_ms:Int64}} AND answered > opened, answered - opened, NULL) AS response,
        arrayMap(resolved -> resolved - opened, resolved_at) AS resolutions
    FROM
    (
        SELECT ticket, countIf(is_reply) AS replies, groupArrayIf(at, is_resolution) AS resolved_at
        FROM {events}
        GROUP BY ticket
    ) AS ended
    INNER JOIN ({_BEGUN.replace("{events}", events)}) AS begun USING (ticket)
    WHERE isNotNull(response) OR notEmpty(resolutions)
)"""


# Quantiles are exact: of n times the one at place q * (n - 1), between two places in proportion.
MEASURES: Final = """
    countIf(isNotNull(response)) AS first_responses,
    sum(length(resolutions)) AS resolutions_made,
    if(first_responses = 0, NULL, quantileExactInclusive(0.5)(response) / 1000) AS first_response_p50,
    if(first_responses = 0, NULL, quantileExactInclusive(0.95)(response) / 1000) AS first_response_p95,
    if(resolutions_made = 0, NULL, quantileExactInclusiveArray(0.5)(resolutions) / 1000) AS resolution_p50,
    if(resolutions_made = 0, NULL, quantileExactInclusiveArray(0.95)(resolutions) / 1000) AS resolution_p95"""
