"""Each fact that a policy may ask for: known where it says so, and unknown everywhere else."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.readings import Reading
from schemas.scored import ScoredEvent, Sentiment
from streams.conversations import Conversation, is_spoken, speaker_of
from streams.escalation.facts import FACTS, GROWING, Moment, Value, fall
from tests.unit.records import NINE

HOUR = 3_600_000
READING = Reading(emotion="angry", urgency="high", category="billing", subcategory="refund", questions=2)
EVENT = ScoredEvent(
    event_id="e1",
    ticket_id="t1",
    type="message",
    channel="chat",
    occurred_at=datetime.fromtimestamp(NINE / 1000, UTC),
    text="What? Why?",
    satisfaction=2,
    journey_stage="cart",
    language="en",
    received_at=datetime.fromtimestamp(NINE / 1000, UTC),
    voice="customer",
    category="billing",
    sentiment=Sentiment(1.5, "very_negative", -0.7, -0.6, 0.5),
    confidence=0.8,
    reading=READING,
)
KNOWN = Conversation(
    first_at=NINE - 5 * HOUR,
    last_at=NINE,
    status="open",
    priority="low",
    customer_messages=4,
    agent_replies=3,
    bot_replies=2,
    spoke="customer",
    spoke_before="bot",
    waiting_since=NINE - 2 * HOUR,
    unanswered=1,
    resolved_at=NINE - HOUR,
    reopened=1,
    scores=(800, 600, 400, 150),
    repeats=3,
    tickets=7,
)
FRESH = Conversation(first_at=NINE, last_at=NINE)


def read(name: str, event: ScoredEvent | None, known: Conversation = KNOWN) -> Value | None:
    said = event if event is not None and is_spoken(event) and speaker_of(event) == "customer" else None
    label = event.sentiment.label if event is not None and event.sentiment else None
    return FACTS[name].read(Moment(event, known, NINE, said, label, risk=0.5))


OF_EVENT = {"type": "message", "channel": "chat", "satisfaction": 2}
OF_WORDS = {
    "score": 1.5,
    "label": "very_negative",
    "polarity": -0.6,
    "compound": -0.7,
    "confidence": 0.8,
    "emotion": "angry",
    "urgency": "high",
    "category": "billing",
    "subcategory": "refund",
    "journey_stage": "cart",
    "language": "en",
    "questions": 2,
    "characters": 10,
    "first_message": False,
    "answers_to": "bot",
    "repeats": 3,
}
OF_CONVERSATION = {
    "risk": 0.5,
    "status": "open",
    "priority": "low",
    "customer_messages": 4,
    "agent_replies": 3,
    "bot_replies": 2,
    "unanswered": 1,
    "reopened": 1,
    "mean_score": 4.875,
    "lowest_score": 1.5,
    "fall": 6.45,
    "drops": 3,
    "tickets": 7,
    "waiting": 2 * HOUR,
    "age": 5 * HOUR,
    "since_resolved": HOUR,
}


def test_every_fact_is_tested_here() -> None:
    assert list(FACTS) == [*OF_EVENT, *OF_WORDS, *OF_CONVERSATION]


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_of_a_customers_message(name: str) -> None:
    expected = {**OF_EVENT, **OF_WORDS, **OF_CONVERSATION}[name]
    value = read(name, EVENT)
    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert isinstance(value, {"text": str, "flag": bool}.get(FACTS[name].kind, int | float))
    assert not FACTS[name].choices or value in FACTS[name].choices


@pytest.mark.parametrize("name", FACTS)
def test_at_a_tick_only_the_conversation_is_known(name: str) -> None:
    assert (read(name, None) is not None) is (name in OF_CONVERSATION)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "agent_reply", "voice": "agent"},
        {"author": "bot", "voice": "agent"},
        {"type": "rated"},
        {"type": "status_changed", "status": "open"},
        {"sentiment": None, "unscored": "automatic reply"},
    ],
    ids=["an agent", "a bot", "a rating", "a status", "an automatic reply"],
)
@pytest.mark.parametrize("name", OF_WORDS)
def test_words_are_a_customers_only(name: str, changes: dict[str, Any]) -> None:
    event = msgspec.structs.replace(EVENT, **changes)
    assert read(name, event) is None
    assert read("channel", event) == "chat"


@pytest.mark.parametrize("name", ["score", "label", "polarity", "compound"])
def test_what_was_not_scored_has_no_score(name: str) -> None:
    assert read(name, msgspec.structs.replace(EVENT, sentiment=None, unscored="no text")) is None


@pytest.mark.parametrize(
    "name", ["mean_score", "lowest_score", "fall", "tickets", "waiting", "since_resolved", "answers_to"]
)
def test_what_has_not_happened_yet_is_unknown_and_not_zero(name: str) -> None:
    assert read(name, EVENT, FRESH) is None


def test_the_first_message() -> None:
    assert read("first_message", EVENT, msgspec.structs.replace(FRESH, customer_messages=1)) is True


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((800, 600), None),
        ((600, 500, 400), 2.0),
        ((400, 500, 600), -2.0),
        ((500, 500, 500, 500), 0.0),
        # One bad message among good ones is no trend.
        ((800, 100, 800), 0.0),
        # Only the last five count.
        ((1000, 1000, 500, 500, 500, 500, 500), 0.0),
    ],
)
def test_the_fall_is_that_of_a_line_through_the_last_five(scores: tuple[int, ...], expected: float | None) -> None:
    assert fall(msgspec.structs.replace(FRESH, scores=scores)) == expected


@pytest.mark.parametrize(
    ("scores", "drops"),
    [((), 0), ((500,), 0), ((500, 400), 1), ((900, 500, 400), 2), ((500, 400, 400), 0), ((1, 9, 5), 1)],
)
def test_drops_are_counted_from_the_newest_back(scores: tuple[int, ...], drops: int) -> None:
    assert read("drops", EVENT, msgspec.structs.replace(FRESH, scores=scores)) == drops


def test_what_grows_by_the_clock_alone() -> None:
    assert set(GROWING) == {"waiting", "age"}
    assert GROWING["waiting"](KNOWN) == NINE - 2 * HOUR
    assert GROWING["age"](KNOWN) == NINE - 5 * HOUR
    # What is closed gets no older.
    assert GROWING["age"](msgspec.structs.replace(KNOWN, status="closed")) == 0
