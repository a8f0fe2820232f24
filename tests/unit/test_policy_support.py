"""The default policy: each of its rules on a realistic case, and not on a near miss."""

import pytest

from streams.escalation.loading import preset
from tests.unit.desk import DAY, HOUR, MINUTE, Desk, newest
from tests.unit.records import CALM

WORST = "This is the worst service ever, I am furious. Terrible, awful, useless!"
# Unhappy, not yet furious: 3.33 of 10.
UNHAPPY = "This is not what I asked for, and I waited a week."


@pytest.fixture
def desk() -> Desk:
    return Desk("support")


# -- no alarm


@pytest.mark.parametrize(
    "text",
    [
        CALM,
        "Hello, how can I add a second user to my account?",
        "Please send me the invoice of March.",
        "The export has no column for the date. Is that intended?",
        "My order number is 4711.",
        "Thank you, that was quick and very helpful!",
        "I was charged twice for order 4711, could you have a look?",
    ],
)
def test_a_first_message_that_is_merely_neutral_calls_nobody(desk: Desk, text: str) -> None:
    assert desk.opens(text) == []
    assert desk.waits(23 * HOUR) == []


def test_nobody_is_called_because_a_calm_customer_waits(desk: Desk) -> None:
    desk.opens(CALM)
    assert desk.waits(48 * HOUR) == []


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Automatic reply: Your ticket", "I am out of the office. This is terrible and awful. Contact my lawyer."),
        ("Out of office: Re: ticket", "I am on vacation until Monday and cannot read my email."),
        ("Undeliverable: Your ticket", "Delivery has failed to these recipients. The worst error, terrible."),
    ],
)
def test_an_automatic_reply_calls_nobody_however_bad_it_sounds(desk: Desk, subject: str, text: str) -> None:
    desk.opens(CALM)
    for _ in range(5):
        assert desk.says(text, subject=subject) == []
    assert desk.conversation().customer_messages == 1


def test_what_a_bot_an_agent_or_the_system_writes_calls_nobody(desk: Desk) -> None:
    for author in ("bot", "agent", "system"):
        assert desk.answers(WORST, author) == []
        assert desk.says(WORST, author=author) == []


# -- what one message says


@pytest.mark.parametrize(
    ("text", "rule", "priority"),
    [
        (WORST, "very_negative", "high"),
        ("I want to speak to a human, not a bot.", "wants_human", "high"),
        ("Please transfer me to a manager.", "wants_human", "high"),
        ("You will hear from my lawyer, this is unacceptable.", "legal_steps", "urgent"),
        ("I will take you to court if my money is not back by Friday.", "legal_steps", "urgent"),
        ("There are fraudulent charges on my card, somebody stole my money.", "fraud", "urgent"),
        ("I am disappointed and will switch to a competitor.", "leaving", "high"),
        ("Cancel my subscription, this is useless.", "leaving", "high"),
        ("This is the third time I write, and it is still broken. Useless!", "repeat_contact", "high"),
    ],
)
def test_a_rule_sees_its_case_in_the_first_message(desk: Desk, text: str, rule: str, priority: str) -> None:
    made = newest(desk.opens(text))
    assert rule in (made.rule, *made.evidence.also)
    assert made.priority == priority
    assert made.policy == "support"


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to talk to anyone, just tell me the price.",
        "The agent was nice, it was a human error of mine.",
        "Which legal form do I choose for my company?",
        "I am a lawyer and need an invoice with my office's address.",
        "What do I do with an email that looks like fraud?",
        "How do I cancel my order?",
        "I am switching to dark mode, where is the setting?",
        "I already asked about the date, thank you for the second answer, it was helpful!",
        "It is a bit slow today.",
    ],
)
def test_no_rule_sees_a_near_miss(desk: Desk, text: str) -> None:
    assert desk.opens(text) == []


def test_a_very_negative_message_on_a_ticket_that_somebody_works_on_is_theirs(desk: Desk) -> None:
    assert desk.opens(WORST, status="in_progress") == []


def test_the_law_makes_an_open_escalation_urgent(desk: Desk) -> None:
    first = newest(desk.opens(WORST))
    raised = newest(desk.says("You will hear from my lawyer, this is a disgrace."))
    assert (raised.escalation_id, raised.priority) == (first.escalation_id, "urgent")
    assert raised.raised_by == ("legal_steps",)


# -- how the conversation goes


def test_a_falling_trajectory(desk: Desk) -> None:
    desk.opens("Thank you for the new page, it is great. Where do I find my invoices?")
    desk.becomes("in_progress")
    desk.says("I looked there, but it is not what I asked for.")
    made = newest(desk.says("This is ridiculous, your answers are useless."))
    assert made.rule == "falling"
    assert made.evidence.values["fall"] >= 2.0
    assert made.reason.startswith("The customer's mood fell by ")


@pytest.mark.parametrize(
    "texts",
    [
        ("That is bad.", "That is bad, really.", "It is still bad."),
        ("This is useless.", "Ah, I see now.", "Great, thank you, it works!"),
        ("Great, thank you!", "This is ridiculous, your answers are useless."),
        ("Thank you, great, perfect!", "Thanks.", "Where is the invoice?"),
    ],
    ids=["flat", "rising", "two messages only", "down to neutral"],
)
def test_no_falling_trajectory(desk: Desk, texts: tuple[str, ...]) -> None:
    desk.becomes("in_progress")
    for text in texts:
        assert desk.says(text) == []
        desk.answers("I am looking into it.")


def test_three_messages_without_an_answer(desk: Desk) -> None:
    desk.opens("My parcel has not arrived.")
    assert desk.says("Is anything known about my parcel?") == []
    made = newest(desk.says(UNHAPPY))
    assert (made.rule, made.evidence.values.get("unanswered")) == ("unheard", 3)


@pytest.mark.parametrize("last", ["And one more thing, thank you.", "The number is 4711."])
def test_three_calm_messages_in_a_row_are_no_alarm(desk: Desk, last: str) -> None:
    desk.opens(CALM)
    desk.says("I have also looked at the help pages.")
    assert desk.says(last) == []


def test_an_answer_in_between_ends_the_silence(desk: Desk) -> None:
    desk.opens("My parcel has not arrived.")
    desk.says("Is anything known about my parcel?")
    desk.answers("I am asking the courier.")
    assert desk.says(UNHAPPY) == []


def test_a_reopened_ticket_with_an_unhappy_customer(desk: Desk) -> None:
    desk.opens(CALM)
    desk.becomes("resolved")
    desk.becomes("open")
    assert newest(desk.says(UNHAPPY)).rule == "reopened"


def test_a_reopened_ticket_with_a_calm_customer_and_an_unhappy_one_not_reopened(desk: Desk) -> None:
    desk.opens(CALM)
    desk.becomes("resolved")
    desk.becomes("open")
    assert desk.says("I have one more question about the invoice.") == []
    desk.opens(CALM, ticket="t2")
    assert desk.says(UNHAPPY, ticket="t2") == []


def test_an_unhappy_customer_who_waits_for_a_day_is_seen_by_the_clock(desk: Desk) -> None:
    assert desk.opens(UNHAPPY) == []
    assert desk.waits(24 * HOUR - MINUTE) == []
    made = newest(desk.waits(2 * MINUTE))
    assert (made.rule, made.text) == ("waiting", UNHAPPY)
    assert made.reason == "An unhappy customer has waited for 1 d 1 min without an answer."
    assert desk.waits(24 * HOUR) == []


def test_who_has_an_answer_waits_no_more(desk: Desk) -> None:
    desk.opens(UNHAPPY)
    desk.waits(HOUR)
    desk.answers("I am on it.")
    assert desk.waits(30 * HOUR) == []


@pytest.mark.parametrize("status", ["awaiting_customer", "resolved", "closed"])
def test_nobody_waits_while_the_customer_is_to_answer_or_all_is_done(desk: Desk, status: str) -> None:
    desk.opens(UNHAPPY)
    desk.becomes(status)
    assert desk.waits(30 * HOUR) == []


def test_the_third_ticket_of_a_customer_if_it_is_an_unhappy_one(desk: Desk) -> None:
    for number in range(2):
        assert desk.opens(UNHAPPY, ticket=f"earlier-{number}", customer_id="c1") == []
    assert desk.opens(CALM, ticket="calm", customer_id="c1") == []
    assert desk.opens(UNHAPPY, customer_id="c2", ticket="other") == []
    made = newest(desk.opens(UNHAPPY, customer_id="c1"))
    assert (made.rule, made.evidence.values["tickets"]) == ("repeat_customer", 4)


@pytest.mark.parametrize(("rating", "escalates"), [(1, True), (2, False), (5, False)])
def test_the_lowest_rating(desk: Desk, rating: int, escalates: bool) -> None:
    desk.opens(CALM)
    desk.becomes("resolved")
    made = desk.happens(type="rated", satisfaction=rating)
    assert [one.rule for one in made if one.revision == 1] == ["poor_rating"] * escalates
    assert all(one.priority == "medium" for one in made)


def test_every_rule_is_tested_here() -> None:
    assert [rule.name for rule in preset("support").rules] == [
        *("very_negative", "wants_human", "legal_steps", "fraud", "leaving", "falling", "unheard", "repeat_contact"),
        *("repeat_customer", "reopened", "waiting", "poor_rating"),
    ]


# -- how often


def test_forgotten_after_a_week_it_may_escalate_again(desk: Desk) -> None:
    assert desk.opens(WORST)
    assert desk.says(WORST) == []
    assert desk.happens(after=8 * DAY, type="message", text=WORST)
