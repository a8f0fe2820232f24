"""What became of each ticket of a selection in its span, as SQL: one pass over the events, from which the figures of
many tickets are added up.
"""

from datetime import datetime
from typing import Final

from sinks.analytics.facts import EVENTS, EVENTS_BEFORE, all_facts, of_tickets
from sinks.analytics.selection import Selection

# No time at all: the least of it and a time is the time.
_NEVER: Final = "toInt64(9000000000000000)"

# Rows of the span, and when its tickets began: that is no event of the span, but a row that a ticket has once.
_ROWS: Final = f"""
    SELECT
        ticket, at >= {{split_ms:Int64}} AS is_current, at, is_event, is_reply, is_resolution, is_escalation,
        is_message AND matches AS is_of_it, is_escalation AND matches AS is_escalation_of_it,
        is_text AND matches AS is_felt, is_felt AND label = 'very_negative' AS is_very_negative,
        is_felt AND label = 'negative' AS is_negative, score, toString(label) AS label, satisfaction, agent_id, channel,
        category, priority, subcategory, product,
        is_message AS is_written, {_NEVER} AS opened_ms, {_NEVER} AS answered_ms
    FROM ({{all_facts}})"""
_NO_EVENT: Final = (
    ", 0, false, false, false, false, false, false, false, false, false, 0, '', 0, '', '', '', '', '', '',"
)
_BEGUN: Final = f"""
    SELECT
        ticket, {{spans}}{_NO_EVENT} false,
        greatest(toUnixTimestamp64Milli(opened_at), 0), toUnixTimestamp64Milli(answered_at)
    FROM tickets_begun
    WHERE tenant = {{tenant:String}}"""
_WRITTEN_BEFORE: Final = f"""
    SELECT ticket, true{_NO_EVENT} true, {_NEVER}, {_NEVER}
    FROM {EVENTS_BEFORE} AND is_message AND ticket IN (SELECT ticket FROM {EVENTS} AND is_resolution)"""
_TICKETS: Final = """
(
    SELECT
        ticket, is_current, countIf(is_event) AS its_events, countIf(is_felt) AS its_messages,
        countIf(is_very_negative) AS its_very_negative, countIf(is_negative) AS its_negative,
        sumIf(score, is_felt) AS its_scores, countIf(is_escalation_of_it) AS its_escalations,
        countIf(satisfaction > 0) AS its_ratings, sum(satisfaction) AS its_stars,
        min(opened_ms) AS opened, min(answered_ms) AS answered,
        if(max(is_reply) AND answered >= if(is_current, {split_ms:Int64}, {since_ms:Int64})
            AND answered > opened, answered - opened, NULL) AS response,
        arrayMap(each -> each - opened, groupArrayIf(at, is_resolution)) AS resolutions{more}
    FROM ({rows})
    GROUP BY ticket, is_current
    HAVING max(is_event OR is_escalation){having}
)"""


# Of those rows. Quantiles are exact: of n times the one at place q * (n - 1), between two places in proportion.
MEASURES: Final = """
    countIf(isNotNull(response)) AS first_responses,
    sum(length(resolutions)) AS resolutions_made,
    quantilesExactInclusive(0.5, 0.95)(assumeNotNull(response)) FILTER (WHERE isNotNull(response)) AS responses,
    quantilesExactInclusiveArray(0.5, 0.95)(resolutions) AS ends,
    if(first_responses = 0, NULL, responses[1] / 1000) AS first_response_p50,
    if(first_responses = 0, NULL, responses[2] / 1000) AS first_response_p95,
    if(resolutions_made = 0, NULL, ends[1] / 1000) AS resolution_p50,
    if(resolutions_made = 0, NULL, ends[2] / 1000) AS resolution_p95"""


def per_ticket(selection: Selection, earlier: datetime | None = None) -> str:
    """A row for each ticket of the span and, with `earlier`, one for each of the time from then to its beginning, which
    is not `is_current`; to be put behind FROM. A ticket is in a span if it is of the selection there, whatever it was
    of in the other. Then everything is bound as of the whole, but `split_ms` to the beginning of the span.

    `response` and each of `resolutions` are milliseconds from the ticket's first event ever; `response` is null where
    the first answer came in another span, or nobody had asked.
    """
    both = selection if earlier is None else selection.of_span(earlier, selection.until)
    return _tickets(both, "true" if earlier is None else "arrayJoin([false, true])")


def per_ticket_with(selection: Selection, values: str) -> str:
    """The same of the span alone, with two columns more: `values`, an aggregate of the rows, and `written`, how many
    messages its customer had written to a resolved ticket by the end of the span.
    """
    return _tickets(selection, "true", _WRITTEN_BEFORE, f", {values} AS values, countIf(is_written) AS written")


def _tickets(both: Selection, spans: str, before: str = "", more: str = "") -> str:
    rows, begun = _ROWS.replace("{all_facts}", all_facts(both)), _BEGUN.replace("{spans}", spans)
    others = [begun, *([before] if before else [])]
    if both.is_filtered:
        rows = f"SELECT * FROM ({' UNION ALL '.join([rows, *others])}) WHERE 1 {of_tickets(both)}"
    else:
        others[0] += f" AND ticket IN (SELECT ticket FROM {EVENTS} AND (is_reply OR is_resolution))"
        rows = " UNION ALL ".join([rows, *others])
    return _TICKETS.replace("{rows}", rows).replace("{more}", more).replace("{having}", _having(both))


def _having(selection: Selection) -> str:
    conditions = (
        (selection.matches_messages, " AND max(is_of_it OR is_escalation_of_it)"),
        (selection.agents, " AND max(agent_id IN {agents:Array(String)})"),
    )
    return "".join(sql for wanted, sql in conditions if wanted)
