"""Preset E: the risk of an escalation is a sum of points; from 0.6 on a person looks at it."""

import pytest

from tests.unit.desk import Desk, newest

# TextBlob below -0.5 without and with an emotion, and nothing of either.
BAD = "It was a nasty and horrible call"
BAD_AND_ANGRY = "It was horrible and terrible"
PLAIN = "The invoice shows the old address"


@pytest.fixture
def desk() -> Desk:
    return Desk("analytics")


def tickets(desk: Desk, count: int) -> None:
    """Earlier tickets of the customer, which nobody is called for."""
    for number in range(count):
        assert desk.opens(PLAIN, ticket=f"earlier-{number}", customer_id="c1") == []


@pytest.mark.parametrize(
    ("text", "priority", "risk"),
    [
        # 0.3 below a polarity of -0.5, 0.3 for critical or high, 0.2 for angry or frustrated.
        (BAD, None, 0.6),  # a polarity below -0.5 is of high urgency, too
        (BAD, "low", None),  # 0.3
        (BAD_AND_ANGRY, "low", None),  # 0.5
        (BAD_AND_ANGRY, None, 0.8),
        (PLAIN, "urgent", None),  # 0.3
        ("I am fed up, fix it asap", None, None),  # 0.5
        (PLAIN, None, None),
    ],
)
def test_points_add_up_and_from_six_tenths_on_a_person_looks(
    desk: Desk, text: str, priority: str | None, risk: float | None
) -> None:
    made = desk.opens(text, priority=priority)
    assert bool(made) is (risk is not None)
    if risk is not None:
        escalation = newest(made)
        assert (escalation.rule, escalation.policy) == ("escalation_risk", "analytics")
        assert escalation.evidence.values["risk"] == risk
        assert escalation.reason == f"The risk of an escalation is {risk:.2f} of 1."


@pytest.mark.parametrize(("earlier", "escalates"), [(5, False), (6, True)])
def test_a_customer_with_more_than_five_earlier_tickets_adds_two_tenths(
    desk: Desk, earlier: int, escalates: bool
) -> None:
    tickets(desk, earlier)
    made = desk.opens(BAD_AND_ANGRY, priority="low", customer_id="c1")
    assert desk.conversation().tickets == earlier + 1
    assert bool(made) is escalates
    if escalates:
        assert newest(made).reason == "The risk of an escalation is 0.70 of 1."
        assert newest(made).text == BAD_AND_ANGRY


def test_tickets_of_other_customers_do_not_count(desk: Desk) -> None:
    tickets(desk, 9)
    assert desk.opens(BAD_AND_ANGRY, priority="low", customer_id="c2") == []


def test_many_tickets_alone_are_no_risk(desk: Desk) -> None:
    tickets(desk, 12)
    assert desk.opens("I am fed up", customer_id="c1") == []


def test_what_was_said_counts_until_the_customer_writes_again(desk: Desk) -> None:
    tickets(desk, 6)
    desk.opens(BAD_AND_ANGRY, priority="low")
    assert desk.says(PLAIN, customer_id="c1", priority="low") == []
    assert newest(desk.says(BAD_AND_ANGRY, customer_id="c1", priority="low")).evidence.values["risk"] == 0.7


def test_risk_calls_nobody_while_somebody_works_on_it_and_is_seen_when_they_stop(desk: Desk) -> None:
    assert desk.opens(BAD_AND_ANGRY, status="in_progress") == []
    assert newest(desk.becomes("open")).rule == "escalation_risk"
