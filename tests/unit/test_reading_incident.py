"""Preset B: seven categories with a confidence and a reason, from a classifier that can be exchanged."""

from collections.abc import Sequence

import pytest
from hypothesis import given

from streams.scoring.language import LanguageGuess
from streams.scoring.readers.incident import CATEGORIES, Classification, IncidentReader
from tests.unit.awkward_texts import ANY_TEXTS
from tests.unit.banking import INCIDENT_OF, QUESTIONS
from tests.unit.reading import read

READER = IncidentReader(LanguageGuess())


def test_the_categories_are_those_of_system_b() -> None:
    assert set(CATEGORIES) == {
        *("duplicate_payment", "failed_payment", "fraud_report", "refund_request", "account_locked"),
        *("statement_error", "other"),
    }


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("duplicate_payment", "I was charged twice for the same order"),
        ("duplicate_payment", "There is a double charge from Tuesday on my card."),
        ("failed_payment", "My card payment was declined at the supermarket"),
        ("failed_payment", "The transfer failed three times today"),
        ("fraud_report", "Somebody used my card, I did not make these transactions!"),
        ("fraud_report", "My wallet was stolen on the train"),
        ("refund_request", "I would like a refund for my last order"),
        ("refund_request", "Give me my money back"),
        ("account_locked", "My account is locked, let me in"),
        ("account_locked", "I forgot my passcode and cannot log in"),
        ("statement_error", "There is a fee on my statement that should not be there"),
        ("statement_error", "I was overcharged by five pounds"),
        ("other", "What are your opening hours?"),
        ("other", "The parcel has not arrived"),
        ("other", ""),
    ],
)
def test_a_message_has_the_category_that_it_speaks_of(category: str, text: str) -> None:
    assert read("incident", text).category == category


def test_a_classification_says_how_sure_it_is_and_why() -> None:
    found = READER.classify("Hello, my card payment was declined, please help")
    assert found.category == "failed_payment"
    assert 0.4 < found.confidence < 1
    assert found.reason == "payment was declined"


def test_two_matters_make_it_less_sure() -> None:
    one = READER.classify("I want a refund.")
    two = READER.classify("I want a refund. My account is locked.")
    assert two.confidence < one.confidence


def test_nothing_known_is_other_with_no_confidence() -> None:
    assert READER.classify("Good morning") == Classification("other", 0.0, "no known phrase")


@given(ANY_TEXTS)
def test_any_text_has_a_category_and_a_confidence(text: str) -> None:
    category, confidence, reason = READER.classify(text)
    assert category in CATEGORIES
    assert 0 <= confidence < 1
    assert reason


def test_another_classifier_can_take_its_place() -> None:
    class ByLength:
        def classify(self, text: str, words: Sequence[str]) -> Classification:
            return Classification("other" if len(words) < 3 else "fraud_report", 0.9, f"{len(words)} words")

    reader = IncidentReader(LanguageGuess(), ByLength())
    assert reader.classify("I want a refund") == ("fraud_report", 0.9, "4 words")
    assert reader.read("refund", 0.0, None).category == "other"


def test_it_reads_no_emotion() -> None:
    found = read("incident", "I am furious!")
    assert (found.emotions, found.emotion, found.signals) == ({}, None, ())


def test_real_questions_of_bank_customers_find_their_category() -> None:
    """Measured when the lists were made: 0.81 of the rest of the test part (docs/reading.md)."""
    asked = [(question, INCIDENT_OF[intent]) for question, intent in QUESTIONS if intent in INCIDENT_OF]
    right = sum(READER.classify(question).category == category for question, category in asked)
    assert len(asked) > 100
    assert right / len(asked) > 0.8
