"""Preset A: a ticket that scores below 2 when it is created, and nobody works on, goes to a person once."""

import pytest

from tests.unit.desk import HOUR, Desk, newest
from tests.unit.records import CALM, FURIOUS


@pytest.fixture
def desk() -> Desk:
    return Desk("helpdesk")


def test_a_very_negative_new_ticket_becomes_high_with_a_note_and_its_correlation_id(desk: Desk) -> None:
    made = newest(desk.opens(FURIOUS, correlation_id="request-7", priority="low"))
    assert made.score is not None
    assert made.score < 2.0
    assert (made.policy, made.policy_version, made.rule) == ("helpdesk", 1, "very_negative")
    assert made.label == "very_negative"
    assert (made.priority_before, made.priority, made.status) == ("low", "high", "new")
    assert made.correlation_id == "request-7"
    assert made.note == f"Escalated by very_negative: {made.reason}"
    assert made.reason == (
        f"The customer's message scored {made.score:.2f} of 10, below 2, and the ticket is still new."
    )
    assert made.evidence.values == {"score": made.score, "type": "created", "status": "new"}
    assert desk.conversation().priority == "high"


# TextBlob rates "terrible" -1.0, "bad" -0.7, and "worst" -1.0: the mean is the polarity.
@pytest.mark.parametrize(
    ("text", "score", "escalates"),
    [
        ("terrible", 0.0, True),
        ("Terrible and bad", 0.75, True),
        ("The answer is bad", 1.5, True),
        ("It is ugly and sad", 2.0, False),
        ("This is hard", 3.54, False),
        (CALM, 5.0, False),
        ("", None, False),
        ("NONE", 5.0, False),
    ],
)
def test_below_two_is_below_two(desk: Desk, text: str, score: float | None, escalates: bool) -> None:
    made = desk.opens(text, attachments=["a.png"])
    assert bool(made) is escalates
    if made:
        assert newest(made).score == score
    if score is not None:
        assert desk.conversation().scores == (round(score * 100),)


@pytest.mark.parametrize(
    ("status", "escalates"),
    [
        ("new", True),
        ("open", True),
        ("in_progress", False),
        ("awaiting_customer", False),
        ("resolved", False),
        ("closed", False),
    ],
)
def test_only_new_and_open_tickets(desk: Desk, status: str, escalates: bool) -> None:
    assert bool(desk.opens(FURIOUS, status=status)) is escalates


def test_only_on_creation_and_not_on_updates(desk: Desk) -> None:
    assert desk.opens(CALM) == []
    assert desk.says(FURIOUS) == []
    assert desk.happens(type="status_changed", status="open", text=FURIOUS) == []
    assert desk.happens(type="rated", satisfaction=1, text=FURIOUS) == []
    assert desk.waits(48 * HOUR) == []


def test_an_agent_who_opens_a_ticket_is_no_customer(desk: Desk) -> None:
    assert desk.opens(FURIOUS, author="agent") == []


def test_once_even_if_it_is_created_again_or_resolved_in_between(desk: Desk) -> None:
    assert desk.opens(FURIOUS)
    assert desk.opens(FURIOUS) == []
    desk.becomes("resolved")
    desk.becomes("open")
    assert desk.opens(FURIOUS) == []
    assert desk.opens(FURIOUS, ticket="t2")


def test_an_urgent_ticket_stays_urgent(desk: Desk) -> None:
    made = newest(desk.opens(FURIOUS, priority="urgent"))
    assert (made.priority_before, made.priority) == ("urgent", "urgent")
    assert desk.conversation().priority == "urgent"


def test_subject_and_description_are_scored_together(desk: Desk) -> None:
    assert newest(desk.opens(CALM, subject="Terrible, the worst")).score == 0.0
