"""The job as the peers do it: a scored event for each event, a count for each ticket, windows by channel. Pure.

Nothing of ticketpulse is imported: this runs where only the peers' packages are (requirements.in). The rules are those
of the preset `helpdesk`, with the stock libraries as they are.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson
from textblob.en.sentiments import PatternAnalyzer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

SIZES: Final = (60, 3600)
ESCALATES_BELOW: Final = 2.0
_LABELS: Final = ((2.0, "very_negative"), (4.0, "negative"), (6.0, "neutral"), (8.0, "positive"))
_NEGATIVE: Final = frozenset({"very_negative", "negative"})

# `TextBlob(text).sentiment` builds a class and a tokenizer for each text and then asks this analyzer.
_vader = SentimentIntensityAnalyzer()
_textblob = PatternAnalyzer()

Event = dict[str, Any]


def score(event: Event) -> Event:
    """The event with its scores, of the same object."""
    text = event["text"]
    polarity, subjectivity = _textblob.analyze(text)
    event["compound"] = _vader.polarity_scores(text)["compound"]
    event["polarity"] = polarity
    event["subjectivity"] = subjectivity
    event["score"] = found = round((polarity + 1) * 5, 2)
    event["label"] = _label(found)
    return event


def _label(found: float) -> str:
    for bound, label in _LABELS:
        if found < bound:
            return label
    return "very_positive"


class Ticket(NamedTuple):
    """What is kept of a ticket."""

    events: int = 0
    last_event: str = ""
    escalated: bool = False


NEW: Final = Ticket()


def track(before: Ticket, event: Event) -> tuple[Ticket, bool]:
    """The ticket after an event, and whether it escalates now: once, when it begins badly while nobody works on it."""
    escalates = (
        not before.escalated
        and event["score"] < ESCALATES_BELOW
        and event["type"] == "created"
        and event["status"] in ("new", "open")
    )
    return Ticket(before.events + 1, event["event_id"], before.escalated or escalates), escalates


# Size and begin of a window, in seconds, and the channel.
Window = tuple[int, int, str]


class Total(NamedTuple):
    """What is counted in a window: events, those with a negative label, the sum of scores in hundredths."""

    events: int = 0
    negative: int = 0
    score_sum: int = 0

    def plus(self, other: Sequence[int]) -> "Total":
        """The sum of both."""
        return Total(self.events + other[0], self.negative + other[1], self.score_sum + other[2])


NOTHING: Final = Total()


def one(event: Event) -> Total:
    """What a scored event adds to each of its windows."""
    return Total(1, int(event["label"] in _NEGATIVE), round(event["score"] * 100))


def windows_of(event: Event) -> list[Window]:
    """The windows of an event."""
    at = int(event["occurred_at"])
    return [(size, at // size * size, event["channel"]) for size in SIZES]


def totals(events: Iterable[Event]) -> dict[Window, Total]:
    """What scored events add to their windows."""
    found: dict[Window, Total] = {}
    for event in events:
        adds = one(event)
        for window in windows_of(event):
            found[window] = found.get(window, NOTHING).plus(adds)
    return found


decode = orjson.loads


def encode(record: Any) -> bytes:
    """JSON."""
    return orjson.dumps(record)


def escalation(event: Event) -> Event:
    """What is told of an event that escalates its ticket."""
    return {name: event[name] for name in ("ticket_id", "event_id", "score", "occurred_at")}


def key_of(event: Event) -> bytes:
    """The key of whatever is told of a ticket."""
    return f"default/{event['ticket_id']}".encode()
