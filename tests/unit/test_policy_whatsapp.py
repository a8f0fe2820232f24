"""Preset C: what a bot hands over to a person, and what the person is given."""

import pytest

from tests.unit.desk import HOUR, Desk, newest
from tests.unit.reading import listed

ANGRY = "This is ridiculous! I paid 2 weeks ago and still no delivery! Give me my money back NOW!"
CONFUSED = "I'm so confused. I added items to cart but don't know how to pay. Can someone help me?"
POLITE = "Hello, I received my order but the item is damaged. I'd like to request a refund please."
SORRY = "We are very sorry for this. A colleague will take care of it and answer within 15 min. Your ticket is "


@pytest.fixture
def desk() -> Desk:
    return Desk("whatsapp")


# -- its examples


def test_the_angry_customer(desk: Desk) -> None:
    made = newest(desk.says(ANGRY, phone="+15550100", channel="whatsapp", source_type="whatsapp"))
    assert (made.emotion, made.category, made.priority, made.journey_stage) == (
        "angry",
        "delivery_problem",
        "urgent",
        "delivery",
    )
    assert (made.rule, made.evidence.also) == ("anger", ("money_or_parcel",))
    assert made.subject == "URGENT: Delivery problem"
    assert made.keywords == ("money back",)
    assert (made.respond_within, (made.respond_by - made.occurred_at).total_seconds()) == (900, 900)
    assert made.reply == f"{SORRY}{made.number}."
    assert (made.phone, made.source_type, made.channel) == ("+15550100", "whatsapp", "whatsapp")


def test_the_confused_customer_after_two_explanations(desk: Desk) -> None:
    desk.says("How do I check out?")
    desk.answers("Open the cart and press Pay.", "bot")
    desk.says("I did that")
    desk.answers("Choose a way to pay first.", "bot")
    made = newest(desk.says(CONFUSED))
    assert (made.emotion, made.category, made.priority, made.journey_stage) == (
        "confused",
        "technical_issue",
        "medium",
        "cart",
    )
    assert (made.rule, made.subject) == ("still_confused", "Technical issue")
    assert made.reason == "The customer is still confused after 2 explanations."
    assert made.respond_within == 3600
    assert made.reply.startswith(f"I have connected you to our support team; your ticket is {made.number}.")


def test_the_polite_customer_with_a_damaged_item(desk: Desk) -> None:
    made = newest(desk.says(POLITE))
    assert (made.emotion, made.category, made.priority, made.journey_stage) == (
        "positive",
        "refund_request",
        "high",
        "delivery",
    )
    assert (made.rule, made.subject, made.keywords) == ("money_or_parcel", "Refund request", ("refund", "damaged"))


# -- its triggers


@pytest.mark.parametrize(
    ("text", "rule", "priority"),
    [
        ("I am angry", "anger", "urgent"),
        ("I want to speak to a human", "wants_human", "medium"),
        ("Transfer me to an agent", "wants_human", "medium"),
        ("Let me talk to your manager", "wants_human", "medium"),
        ("I dispute this payment", "money_or_parcel", "high"),
        ("My card was charged twice", "money_or_parcel", "high"),
        ("My parcel is lost", "money_or_parcel", "high"),
        ("The package came, but it is damaged", "money_or_parcel", "high"),
        ("My delivery hasn't arrived", "money_or_parcel", "high"),
        ("My delivery hasn’t arrived", "money_or_parcel", "high"),
        ("I would like a refund", "money_or_parcel", "high"),
        ("I want to make a complaint about the service", "money_or_parcel", "high"),
    ],
)
def test_each_trigger_calls_a_person_at_once(desk: Desk, text: str, rule: str, priority: str) -> None:
    made = newest(desk.says(text))
    assert (made.rule, made.priority) == (rule, priority)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "Do you have this in stock?",
        "Do you do delivery to Norway?",
        "Which payment methods do you take?",
        "How do I reset my password?",
        # Once is no repeated frustration, and no explanation was given yet.
        "That is bad",
        CONFUSED,
        "The agent was nice",
    ],
)
def test_the_bot_keeps_what_it_can_answer(desk: Desk, text: str) -> None:
    assert desk.says(text) == []


def test_repeated_frustration(desk: Desk) -> None:
    assert desk.says("That is a sad story") == []
    assert desk.says("Where is the button?") == []
    made = newest(desk.says("It is still bad"))
    assert (made.rule, made.priority) == ("repeated_frustration", "high")
    assert made.evidence.signals == ("frustrated",)


def test_frustration_in_another_session_is_not_repeated(desk: Desk) -> None:
    assert desk.says("That is a sad story", session_id="s1") == []
    assert desk.says("It is still bad", session_id="s2") == []


def test_confusion_after_one_explanation_is_the_bots_to_solve(desk: Desk) -> None:
    desk.answers("Press Pay.", "bot")
    assert desk.says("I'm confused") == []
    desk.answers("Open the menu, then press Pay.", "bot")
    assert newest(desk.says("I don't understand")).rule == "still_confused"


@pytest.mark.parametrize("again", ["Where is the menu?", "I don't understand", "Bad answer"])
def test_the_second_failed_attempt_of_the_bot(desk: Desk, again: str) -> None:
    desk.says("Where is the menu?")
    desk.answers("At the top.", "bot")
    assert desk.says("Where is the menu?") == []
    desk.answers("At the very top.", "bot")
    made = newest(desk.says(again))
    assert "bot_failed" in (made.rule, *made.evidence.also)


def test_what_follows_an_agents_answer_is_no_failure_of_the_bot(desk: Desk) -> None:
    desk.says("Where is the menu?")
    for _ in range(3):
        desk.answers("At the top.")
        assert desk.says("Where is the menu?") == []


def test_anger_later_on_makes_a_waiting_ticket_urgent(desk: Desk) -> None:
    first = newest(desk.says("I would like a refund"))
    raised = newest(desk.says("This is ridiculous"))
    assert (raised.escalation_id, raised.rule, raised.raised_by) == (first.escalation_id, "money_or_parcel", ("anger",))
    assert (raised.priority, raised.respond_within) == ("urgent", 900)
    assert desk.says("I want to speak to a human") == []


# -- what the person is given


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("My card was charged twice, let me talk to an agent", "Payment issue"),
        ("My parcel is lost", "Delivery problem"),
        ("I would like a refund", "Refund request"),
        ("I want to make a complaint", "Customer complaint"),
        ("The website does not load, I want to speak to a human", "Technical issue"),
        ("Is it in stock? Transfer me to an agent", "Product inquiry"),
        ("Good morning, let me talk to your manager", "General support request"),
        ("This is outrageous, my parcel is lost", "URGENT: Delivery problem"),
        ("Pathetic", "URGENT: General support request"),
    ],
)
def test_the_subject_follows_the_category_and_marks_anger(desk: Desk, text: str, subject: str) -> None:
    assert newest(desk.says(text)).subject == subject


def test_summary_and_context_are_the_last_messages(desk: Desk) -> None:
    for number in range(6):
        desk.says(f"Question {number}?" + " and so on" * 20)
        desk.answers(f"Answer {number}", "bot")
    made = newest(desk.says("I want to\nspeak to a human"))
    assert made.summary == (
        "Customer: " + ("Question 4?" + " and so on" * 20)[:100],
        "Bot: Answer 4",
        "Customer: " + ("Question 5?" + " and so on" * 20)[:100],
        "Bot: Answer 5",
        "Customer: I want to speak to a human",
    )
    assert len(made.messages) == 10
    assert made.messages[-1].text == "I want to\nspeak to a human"
    assert made.messages[0].text == "Answer 1"
    assert [said.speaker for said in made.messages] == ["bot", "customer"] * 5


@pytest.mark.parametrize(
    "keyword",
    listed(
        "refund, money back, broken, damaged, lost, angry, frustrated, manager, human, agent, complaint, "
        "terrible, worst, unacceptable, disappointed, delayed, late"
    ),
)
def test_each_keyword_is_marked_on_the_escalation(desk: Desk, keyword: str) -> None:
    made = newest(desk.says(f"Connect me to somebody: {keyword}"))
    assert made.keywords == (keyword,)


def test_status_and_first_response_are_told(desk: Desk) -> None:
    desk.says(ANGRY)
    assert newest(desk.becomes("in_progress")).state == "acknowledged"
    answered = newest(desk.answers("I am on it."))
    assert (answered.state, answered.first_response_seconds) == ("responded", 120.0)
    resolved = newest(
        desk.happens(
            type="status_changed",
            status="resolved",
            metadata={"resolution_notes": "Refunded", "resolution_category": "refund"},
        )
    )
    assert (resolved.state, resolved.resolution_notes, resolved.resolution_category) == (
        "resolved",
        "Refunded",
        "refund",
    )
    assert resolved.resolution_seconds == 180.0


def test_resolved_and_angry_again_is_another_escalation(desk: Desk) -> None:
    first = newest(desk.says(ANGRY))
    desk.becomes("resolved")
    desk.becomes("open")
    desk.waits(HOUR)
    second = newest(desk.says(ANGRY))
    assert (second.episode, second.number) == (1, "TKT-2026-0002")
    assert second.escalation_id != first.escalation_id
