"""How long customers waited, as SQL: one row for each ticket that was first answered or was resolved in the span.

`opened` is its first event, `response` and each of `resolutions` are milliseconds since; `response` is null where the
first answer came in another span, or nobody had asked. `written` counts the customer's messages up to the span's
end.
"""

from sinks.analytics.facts import EVENTS, EVENTS_SINCE_BEFORE, of_tickets
from sinks.analytics.selection import Selection


def times(selection: Selection) -> str:
    """To be put behind FROM."""
    return f"""
(
    SELECT
        ticket, opened,
        if(replies > 0 AND answered >= {{since_ms:Int64}} AND answered > opened, answered - opened, NULL) AS response,
        arrayMap(resolved -> resolved - opened, resolved_at) AS resolutions,
        written
    FROM
    (
        SELECT
            ticket, min(at) AS opened, countIf(is_message) AS written,
            countIf(is_reply) AS replies, minIf(at, is_reply) AS answered,
            groupArrayIf(at, is_resolution AND at >= {{since_ms:Int64}}) AS resolved_at
        FROM {EVENTS_SINCE_BEFORE}
            AND ticket IN (SELECT ticket FROM {EVENTS} AND (is_reply OR is_resolution) {of_tickets(selection)})
        GROUP BY ticket
    )
    WHERE isNotNull(response) OR notEmpty(resolutions)
)"""


# Quantiles are exact: of n times the one at place q * (n - 1), between two places in proportion.
MEASURES = """
    countIf(isNotNull(response)) AS first_responses,
    sum(length(resolutions)) AS resolutions_made,
    if(first_responses = 0, NULL, quantileExactInclusive(0.5)(response) / 1000) AS first_response_p50,
    if(first_responses = 0, NULL, quantileExactInclusive(0.95)(response) / 1000) AS first_response_p95,
    if(resolutions_made = 0, NULL, quantileExactInclusiveArray(0.5)(resolutions) / 1000) AS resolution_p50,
    if(resolutions_made = 0, NULL, quantileExactInclusiveArray(0.95)(resolutions) / 1000) AS resolution_p95"""
