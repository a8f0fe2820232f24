"""Preset D: which messages of a conversation show that the customer is dissatisfied."""

import pytest

from tests.unit.reading import listed, read

PHRASES = listed(
    "not satisfied, doesn't help, still wrong, not working, i need help, speak to someone, talk to support, "
    "contact support, human support, this is wrong, not what i asked, doesn't answer, unclear, confusing, "
    "frustrated, not helpful"
)


def dissatisfied(text: str) -> bool:
    return "dissatisfied" in read("assistant", text).signals


@pytest.mark.parametrize("phrase", PHRASES)
def test_each_phrase_is_a_signal(phrase: str) -> None:
    found = read("assistant", f"Well, {phrase.capitalize()}.")
    assert "dissatisfied" in found.signals
    assert found.keywords == (phrase,)


def test_the_third_message_that_is_a_signal_is_the_one_that_escalates() -> None:
    conversation = [
        "Hello, how can I add a user?",
        "That doesn't help, the button is missing",
        "I looked there",
        "It is still wrong and this is confusing",
        "Okay, next try",
        "I am frustrated, I want to speak to someone",
        "Thank you",
    ]
    signals = [number for number, message in enumerate(conversation, 1) if dissatisfied(message)]
    assert signals == [2, 4, 6]


def test_a_message_is_one_signal_whatever_it_says() -> None:
    found = read("assistant", "Not helpful, unclear and confusing")
    assert found.signals == ("dissatisfied",)
    assert found.keywords == ("unclear", "confusing", "not helpful")


@pytest.mark.parametrize("phrase", ["speak to someone", "talk to support", "contact support", "human support"])
def test_a_phrase_that_asks_for_a_person_says_so(phrase: str) -> None:
    assert read("assistant", phrase).signals == ("dissatisfied", "wants_human")


@pytest.mark.parametrize("text", ["", "   ", "...", "Thank you, that is clear", "I am furious", "It works now", "🙂"])
def test_other_messages_are_none(text: str) -> None:
    found = read("assistant", text)
    assert (found.signals, found.keywords) == ((), ())


@pytest.mark.parametrize("text", ["It doesn’t help", "IT DOESN'T HELP", "nuclear physics is unclearly told"])
def test_it_finds_phrases_in_any_case_with_any_apostrophe_and_within_words(text: str) -> None:
    assert dissatisfied(text)
