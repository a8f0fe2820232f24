"""How the figures of a selection went over time, beside those of an earlier span."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import bound, facts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import InvalidSpan, Selection, rfc3339
from sinks.dashboard.asking import ask, from_milliseconds

Step = Literal["hour", "day", "week"]
Compare = Literal["none", "previous", "week"]

LENGTH: Final[dict[Step, timedelta]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
# Points that nobody can tell apart are not read.
MAX_POINTS: Final = 1_500
# 1970 began on a Thursday; weeks begin on Mondays.
_BEFORE_1970: Final = timedelta(days=3)

_POINTS: Final = """
SELECT
    at - (at + {phase:Int64}) % {step:Int64} AS started,
    countIf(is_event) AS events,
    uniqExact(ticket) AS tickets,
    countIf(is_text AND matches) AS messages,
    countIf(is_text AND matches AND label = 'very_negative') AS very_negative,
    countIf(is_text AND matches AND label = 'negative') AS negative,
    (very_negative + negative) / nullIf(messages, 0) AS negative_share,
    toInt64(sumIf(score, is_text AND matches) * 100) / 100 / nullIf(messages, 0) AS score_avg,
    countIf(is_escalation AND matches) AS escalations,
    uniqExactIf(ticket, is_escalation AND matches) AS escalated_tickets,
    escalated_tickets / nullIf(tickets, 0) AS escalation_rate,
    uniqExactIf(ticket, is_resolution) AS resolved
FROM {facts}
GROUP BY started
ORDER BY started
"""


class Point(Part):
    """What happened from `start` on for one step, of the tickets of the whole selection. `tickets_url` lists those of
    them in which something happened then.
    """

    start: datetime
    tickets: int = 0
    messages: int = 0
    events: int = 0
    very_negative: int = 0
    negative: int = 0
    negative_share: float | None = None
    score_avg: float | None = None
    escalations: int = 0
    escalated_tickets: int = 0
    escalation_rate: float | None = None
    resolved: int = 0
    tickets_url: str


class Trends(Answer):
    """Points from the one that holds `since` on, oldest first, none left out. The first and the last may be cut off by
    the span. `compared` are of the earlier span, at the times at which they were.
    """

    step: Step
    compare: Compare
    points: list[Point]
    compared: list[Point]


def read_trends(client: Client, selection: Selection, step: Step = "day", compare: Compare = "none") -> Trends:
    """Raises InvalidSpan for more than MAX_POINTS."""
    steps = (selection.until - selection.since) // LENGTH[step]
    if steps > MAX_POINTS:
        raise InvalidSpan("step", f"{steps:,} steps of an hour; take step=day, or at most {MAX_POINTS // 24} days")
    earlier = {"previous": selection.previous(), "week": selection.shifted(LENGTH["week"])}.get(compare)
    return Trends(
        **about(selection),
        step=step,
        compare=compare,
        points=read_points(client, selection, step),
        compared=[] if earlier is None else read_points(client, earlier, step),
    )


def read_points(client: Client, selection: Selection, step: Step) -> list[Point]:
    """Of one span; a step in which nothing happened has zeros."""
    if selection.since >= selection.until:
        return []
    length, phase = LENGTH[step], _BEFORE_1970 if step == "week" else timedelta()
    values = bound(selection, step=length // timedelta(milliseconds=1), phase=phase // timedelta(milliseconds=1))
    rows = ask(client, _POINTS.replace("{facts}", facts(selection)), values)
    found = {from_milliseconds(row.pop("started")): row for row in rows}
    return [
        Point(start=start, tickets_url=_address(selection, start, length), **found.get(start, {}))
        for start in _starts(selection, length, phase)
    ]


def _starts(selection: Selection, length: timedelta, phase: timedelta) -> list[datetime]:
    beginning = datetime.fromtimestamp(0, UTC) - phase
    first = beginning + (selection.since - beginning) // length * length
    return [first + number * length for number in range(-((first - selection.until) // length))]


def _address(selection: Selection, start: datetime, length: timedelta) -> str:
    within = max(start, selection.since), min(start + length, selection.until)
    return selection.tickets(active_from=rfc3339(within[0]), active_to=rfc3339(within[1]))
