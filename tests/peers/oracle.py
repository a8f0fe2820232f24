"""Whether an outcome is right: by the events that were sent, the stock scorers, and sums of its own rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.peers import job
from tests.peers.outcome import Outcome, Scores

Event = dict[str, Any]


class Verdict(NamedTuple):
    """How many are wrong; all are 0 of an outcome that is right.

    `lost` events are on no topic or in no row, `doubled` ones are on the topic twice, `wrong` are scored as the stock
    libraries do not. `uncounted` and `overcounted` are events by which the windows of a minute are too low or too high,
    and `other_windows` windows whose sums are not those of the events. `escalations` are missing, too many or doubled.
    """

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    uncounted: int = 0
    overcounted: int = 0
    other_windows: int = 0
    escalations: int = 0

    def __str__(self) -> str:
        found = [f"{count} {name.replace('_', ' ')}" for name, count in self._asdict().items() if count]
        return ", ".join(found) or "right"


def expected(events: Sequence[Event]) -> list[Event]:
    """The events as the stock libraries score them, 0.4 ms each."""
    return [job.score(dict(event)) for event in events]


def judge(events: Sequence[Event], outcome: Outcome, checked: int = 500) -> Verdict:
    """Of `events`, which are all that were sent, `checked` are scored by the stock libraries, evenly chosen.

    The others' scores are taken from the rows: whether windows and escalations follow from them is asked of all.
    """
    sent = {event["event_id"]: event for event in events}
    scored = [{**event, **_figures(outcome.rows[name])} for name, event in sent.items() if name in outcome.rows]
    every = max(1, len(events) // checked)
    wrong = sum(not _same(event, outcome.rows.get(event["event_id"])) for event in expected(events[::every]))
    right = job.totals(scored)
    minutes = [window for window in right.keys() | outcome.windows.keys() if window[0] == job.SIZES[0]]
    differences = [_events(outcome.windows, window) - _events(right, window) for window in minutes]
    lost = sum(name not in outcome.told or name not in outcome.rows for name in sent)
    return Verdict(
        lost=lost,
        doubled=sum(count - 1 for count in outcome.told.values()),
        wrong=wrong - sum(event["event_id"] not in outcome.rows for event in events[::every]),
        uncounted=-sum(min(0, difference) for difference in differences),
        overcounted=sum(max(0, difference) for difference in differences),
        other_windows=sum(outcome.windows.get(window) != total for window, total in right.items())
        + len(outcome.windows.keys() - right.keys()),
        escalations=_escalations(scored, outcome),
    )


def _events(windows: Any, window: job.Window) -> int:
    return int(windows.get(window, job.NOTHING).events)


def _figures(row: Scores) -> Event:
    return {"score": row.score, "label": row.label}


def _same(event: Event, row: Scores | None) -> bool:
    return row is not None and row == Scores(
        *(event[name] for name in ("ticket_id", "score", "label", "compound", "polarity", "subjectivity"))
    )


def _escalations(scored: Sequence[Event], outcome: Outcome) -> int:
    """Each ticket that begins badly escalates once: on its topic and in its table."""
    tickets: dict[str, job.Ticket] = {}
    right = set()
    for event in scored:
        ticket = event["ticket_id"]
        tickets[ticket], escalates = job.track(tickets.get(ticket, job.NEW), event)
        if escalates:
            right.add((ticket, event["event_id"]))
    told = {(ticket, event) for ticket, event, _ in outcome.told_escalations}
    again = sum(count - 1 for count in (*outcome.told_escalations.values(), *outcome.escalations.values()))
    return len(right ^ told) + len(right ^ outcome.escalations.keys()) + again
