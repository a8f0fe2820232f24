"""Preset B: every incident gets a ticket with its category."""

import pytest

from tests.unit.desk import DAY, Desk, newest

# One for each of B's categories.
INCIDENTS = {
    "duplicate_payment": "I was charged twice for the same order.",
    "failed_payment": "My payment was declined although there is money on the account.",
    "fraud_report": "Somebody used my card, there are fraudulent charges that I did not make.",
    "refund_request": "I want a refund for this order.",
    "account_locked": "My account is locked and I cannot get in.",
    "statement_error": "I was charged the wrong amount on my statement.",
    "other": "Your office was closed on Friday.",
}


@pytest.fixture
def desk() -> Desk:
    return Desk("incident")


@pytest.mark.parametrize("category", INCIDENTS)
def test_every_incident_opens_a_ticket_with_its_category_and_a_number(desk: Desk, category: str) -> None:
    made = newest(desk.opens(INCIDENTS[category], email="me@example.com", phone="+1"))
    assert (made.category, made.number) == (category, "TKT-2026-0001")
    assert (made.policy, made.email, made.phone) == ("incident", "me@example.com", "+1")
    assert str(made.number) in made.reply
    assert (made.priority == "urgent") is (category == "fraud_report")
    assert made.text == INCIDENTS[category]


@pytest.mark.parametrize(
    ("text", "label", "rule", "priority"),
    [
        # VADER: negative below -0.1, positive above 0.1.
        ("The payment page says nothing.", "neutral", "incident", "medium"),
        ("I love it, a great bank!", "positive", "incident", "medium"),
        ("A terrible, awful bank.", "negative", "negative_incident", "high"),
        ("Fraud! This is fraud on my card, horrible", "negative", "fraud", "urgent"),
    ],
)
def test_the_mood_decides_how_soon(desk: Desk, text: str, label: str, rule: str, priority: str) -> None:
    made = newest(desk.opens(text))
    assert (made.label, made.rule, made.priority) == (label, rule, priority)
    assert made.respond_within == (900 if priority == "urgent" else 3600)


def test_an_incident_is_opened_once(desk: Desk) -> None:
    assert desk.opens(INCIDENTS["refund_request"])
    assert desk.says(INCIDENTS["fraud_report"]) == []
    desk.becomes("resolved")
    assert desk.says("It happened again, terrible!") == []
    numbers = [newest(desk.opens(INCIDENTS["other"], ticket=f"t{n}")).number for n in (2, 3)]
    assert numbers == ["TKT-2026-0002", "TKT-2026-0003"]


def test_an_incident_by_chat_is_one_and_an_answer_is_none(desk: Desk) -> None:
    assert desk.answers("We had a terrible outage.", ticket="t2") == []
    assert newest(desk.says("Hello, my card was charged twice.", channel="chat")).channel == "chat"


def test_the_same_customer_later_is_another_incident(desk: Desk) -> None:
    first = newest(desk.opens(INCIDENTS["refund_request"]))
    desk.waits(8 * DAY)
    desk.says("Hello", ticket="t9")
    second = newest(desk.opens(INCIDENTS["refund_request"]))
    assert first.escalation_id != second.escalation_id
