"""Preset E: categories, subcategories, urgency and emotion by the number of keywords found, and three markers."""

import pytest

from streams.scoring.language import LanguageGuess
from streams.scoring.readers.analytics import AnalyticsReader
from tests.unit.reading import listed, read

CATEGORIES = {
    "billing": "payment, charge, invoice, refund, subscription, price",
    "technical": "bug, error, crash, slow, broken, fix, issue",
    "account": "login, password, reset, access, permission, locked",
    "feature": "request, feature, add, new, implement, suggestion",
    "integration": "api, integration, connect, sync, import, export",
    "documentation": "how to, guide, tutorial, help, documentation, manual",
}
URGENCIES = {
    "critical": "urgent, asap, immediately, critical, emergency, down, broken completely",
    "high": "important, soon, quickly, high priority, affecting business, business impact, losing customers, "
    "revenue loss",
    "medium": "when possible, would like, hoping, planning",
    "low": "whenever, no rush, curious, question, wondering",
}
EMOTIONS = {
    "frustrated": "frustrated, annoying, irritated, fed up",
    "angry": "angry, furious, unacceptable, terrible",
    "confused": "confused, don't understand, unclear, lost",
    "happy": "happy, pleased, great, excellent, love",
    "grateful": "thank, appreciate, grateful, helpful",
}


def each(lists: dict[str, str]) -> list[tuple[str, str]]:
    return [(keyword, name) for name, keywords in lists.items() for keyword in listed(keywords)]


@pytest.mark.parametrize(("keyword", "category"), each(CATEGORIES))
def test_each_keyword_speaks_for_its_category(keyword: str, category: str) -> None:
    assert read("analytics", f"({keyword.upper()})").category == category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I was charged twice, refund the payment", "billing"),
        ("The app shows an error and then a crash", "technical"),
        ("My password reset fails", "account"),
        ("The login page has a bug, a crash and an error", "technical"),
        # One each: the first in the preset's order.
        ("A bug in the invoice", "billing"),
        ("Good morning", "general"),
        ("", "general"),
        ("?!", "general"),
        # Within words too: that is the preset's rule.
        ("The prefix", "technical"),
        ("My address", "feature"),
    ],
)
def test_the_category_with_the_most_keywords_wins(text: str, category: str) -> None:
    assert read("analytics", text).category == category


@pytest.mark.parametrize(
    ("text", "category", "subcategory"),
    [
        ("Refund the invoice", "billing", "refund_request"),
        ("The price of an upgrade", "billing", "plan_change"),
        ("The price after a downgrade", "billing", "plan_change"),
        ("Cancel the subscription", "billing", "cancellation"),
        ("The invoice is wrong", "billing", None),
        ("The api has a bug, an error", "technical", "api_issue"),
        ("Bad performance is an issue", "technical", "performance"),
        ("It is slow", "technical", "performance"),
        ("A crash led to the loss of data", "technical", "data_issue"),
        ("A crash of the data page", "technical", None),
        ("The password is lost", "account", None),
        ("Cancel it", "general", None),
    ],
)
def test_subcategories(text: str, category: str, subcategory: str | None) -> None:
    found = read("analytics", text)
    assert (found.category, found.subcategory) == (category, subcategory)


@pytest.mark.parametrize(("keyword", "urgency"), each(URGENCIES))
def test_each_keyword_states_its_urgency(keyword: str, urgency: str) -> None:
    assert read("analytics", f"It is {keyword}").urgency == urgency


@pytest.mark.parametrize(
    ("text", "priority", "urgency"),
    [
        ("urgent", "low", "low"),
        ("no rush", "urgent", "critical"),
        ("no rush", "high", "high"),
        ("urgent", "medium", "medium"),
        ("It is important but no rush", None, "high"),
        ("The box is blue", None, "medium"),
        ("", None, "medium"),
    ],
)
def test_the_tickets_own_priority_goes_first_then_the_highest_urgency(
    text: str, priority: str | None, urgency: str
) -> None:
    assert read("analytics", text, priority).urgency == urgency


@pytest.mark.parametrize(("polarity", "urgency"), [(-0.51, "high"), (-0.5, "medium"), (0.9, "medium")])
def test_a_very_bad_mood_is_of_high_urgency(polarity: float, urgency: str) -> None:
    assert AnalyticsReader(LanguageGuess()).read("The box is blue", polarity, None).urgency == urgency


@pytest.mark.parametrize(("keyword", "emotion"), each(EMOTIONS))
def test_each_keyword_speaks_for_its_emotion(keyword: str, emotion: str) -> None:
    found = read("analytics", f"I am {keyword.upper()}!")
    assert (found.emotion, found.emotions) == (emotion, {emotion: 1.0})


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Great, but I am confused and lost", "confused"),
        ("I am angry and frustrated", "frustrated"),
        ("Where is it?", "neutral"),
        ("", "neutral"),
    ],
)
def test_the_emotion_with_the_most_keywords_wins(text: str, emotion: str) -> None:
    assert read("analytics", text).emotion == emotion


def test_an_emotion_is_as_strong_as_its_share_of_the_keywords() -> None:
    assert read("analytics", "I am angry, furious and confused: terrible").emotions == {"angry": 0.75, "confused": 0.25}


@pytest.mark.parametrize(
    ("text", "signals"),
    [
        ("I get an error", ("contains_error",)),
        ("Traceback (most recent call last)", ("contains_error",)),
        ("It failed", ("contains_error",)),
        ("```x = 1```", ("contains_code",)),
        ("def main():", ("contains_code",)),
        ("See the screenshot", ("contains_screenshot",)),
        ("The code in the screenshot failed", ("contains_code", "contains_error", "contains_screenshot")),
        ("Good morning", ()),
    ],
)
def test_markers_of_error_code_and_screenshot(text: str, signals: tuple[str, ...]) -> None:
    assert read("analytics", text).signals == signals


@pytest.mark.parametrize(("text", "questions"), [("Why? How? When", 2), ("What???", 3), ("", 0), ("Hello.", 0)])
def test_questions_are_question_marks(text: str, questions: int) -> None:
    assert read("analytics", text).questions == questions


def test_key_phrases_are_noun_phrases() -> None:
    found = read("analytics", "The annual subscription invoice shows the wrong billing address.")
    assert found.key_phrases == ("annual subscription invoice", "wrong billing address")
