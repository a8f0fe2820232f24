"""Preset C: its examples, its explicit wishes, and each of its categories, feelings, stages and keywords."""

import pytest

from schemas.readings import Reading
from streams.scoring.readers.whatsapp import CATEGORIES, OTHER, STAGES
from tests.unit.reading import listed, read

ANGRY = "This is ridiculous! I paid 2 weeks ago and still no delivery! Give me my money back NOW!"
CONFUSED = "I'm so confused. I added items to cart but don't know how to pay. Can someone help me?"
POLITE = "Hello, I received my order but the item is damaged. I'd like to request a refund please."


def whatsapp(text: str) -> Reading:
    return read("whatsapp", text)


@pytest.mark.parametrize(
    ("text", "emotion", "category", "urgency", "stage"),
    [
        (ANGRY, "angry", "delivery_problem", "critical", "delivery"),
        (CONFUSED, "confused", "technical_issue", "medium", "cart"),
        (POLITE, "positive", "refund_request", "high", "delivery"),
    ],
)
def test_the_examples_of_system_c(text: str, emotion: str, category: str, urgency: str, stage: str) -> None:
    found = whatsapp(text)
    assert (found.emotion, found.category, found.urgency, found.journey_stage) == (emotion, category, urgency, stage)


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a human",
        "Transfer me to an agent",
        "Let me talk to your manager",
        "TRANSFER ME TO AN AGENT!",
    ],
)
def test_an_explicit_wish_for_a_person_is_seen(text: str) -> None:
    assert whatsapp(text).signals == ("wants_human",)


@pytest.mark.parametrize("text", ["Where is my order?", "The agent was nice", "", "human error"])
def test_no_other_text_is_such_a_wish(text: str) -> None:
    assert whatsapp(text).signals == ()


def test_the_names_are_those_of_system_c() -> None:
    assert {*CATEGORIES, OTHER} == {
        *("payment_issue", "delivery_problem", "refund_request", "complaint", "technical_issue", "product_inquiry"),
        "other",
    }
    assert set(STAGES) == {"quotation", "cart", "payment", "delivery"}


@pytest.mark.parametrize(
    ("text", "category", "urgency"),
    [
        ("My card was charged twice", "payment_issue", "high"),
        ("I dispute this transaction", "payment_issue", "high"),
        ("Where is my parcel? It never arrived", "delivery_problem", "high"),
        ("My package is lost", "delivery_problem", "high"),
        ("I want to have a refund", "refund_request", "high"),
        ("I want to make a complaint about your staff", "complaint", "high"),
        ("The website shows an error at the login", "technical_issue", "medium"),
        ("Do you have this in stock? How much is it?", "product_inquiry", "low"),
        ("Good morning", "other", "low"),
        ("", "other", "low"),
    ],
)
def test_each_category_has_its_priority(text: str, category: str, urgency: str) -> None:
    found = whatsapp(text)
    assert (found.category, found.urgency) == (category, urgency)


def test_the_priority_of_the_ticket_goes_before_the_text() -> None:
    assert read("whatsapp", ANGRY, "low").urgency == "low"


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("I am angry", "angry"),
        ("This is unacceptable and confusing", "angry"),
        ("I don’t understand the form", "confused"),
        ("It is a bad and sad story", "negative"),
        ("My order number is 4711", "neutral"),
        ("Lovely, that is a good offer", "positive"),
        ("Could you check it please", "positive"),
        ("", "neutral"),
        ("?!", "neutral"),
    ],
)
def test_one_feeling_of_five(text: str, emotion: str) -> None:
    assert whatsapp(text).emotion == emotion


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Can you send me a quote?", "quotation"),
        ("It is in my cart", "cart"),
        ("The payment was declined", "payment"),
        ("The courier did not come", "delivery"),
        ("I asked for a quote, put it into the cart and paid", "payment"),
        ("Good morning", None),
    ],
)
def test_the_latest_stage_of_the_journey_counts(text: str, stage: str | None) -> None:
    assert whatsapp(text).journey_stage == stage


@pytest.mark.parametrize(
    "keyword",
    listed(
        "refund, money back, broken, damaged, lost, angry, frustrated, manager, human, agent, complaint, "
        "terrible, worst, unacceptable, disappointed, delayed, late"
    ),
)
def test_each_keyword_is_marked(keyword: str) -> None:
    assert whatsapp(f"So: {keyword.upper()}!").keywords == (keyword,)


def test_a_keyword_counts_within_a_word_too() -> None:
    assert whatsapp("The template of the agenda").keywords == ("late",)
    assert whatsapp("I want my money back, the refund is late").keywords == ("refund", "money back", "late")
