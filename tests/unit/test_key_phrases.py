"""Key phrases in the manner of RAKE."""

from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.key_phrases import MAX_WORDS, MOST, key_phrases
from streams.scoring.words import words_of
from tests.unit.awkward_texts import ANY_TEXTS, SAMPLE


def phrases(text: str) -> tuple[str, ...]:
    return key_phrases(words_of(text))


def test_phrases_lie_between_stop_words_and_punctuation() -> None:
    text = "The Bluetooth keyboard lost its connection, and the Bluetooth keyboard battery is empty."
    assert phrases(text) == ("bluetooth keyboard battery", "bluetooth keyboard", "connection", "empty")


def test_longer_phrases_of_words_that_stand_together_come_first() -> None:
    assert phrases("An invoice for the premium storage plan.")[0] == "premium storage plan"


def test_what_is_repeated_is_worth_more() -> None:
    assert phrases("A router. The router and a modem; my router!")[0] == "router"


def test_courtesies_numbers_and_redactions_are_no_phrases() -> None:
    assert phrases("Hello, thank you! On XX/XX/2023 XXXX told me 42 things, please.") == ()


def test_what_a_stop_word_is_short_for_is_no_phrase() -> None:
    assert phrases("It's the driver's van, and that's what's there.") == ("driver van",)


def test_a_text_without_words_has_none() -> None:
    assert phrases("") == phrases("... 12 !") == ()


def test_a_long_run_is_cut_into_phrases_of_four_words() -> None:
    words = [f"noun{letter}" for letter in "abcdefghij"]
    assert {len(phrase.split()) for phrase in phrases(" ".join(words))} == {4, 2}


@given(ANY_TEXTS | st.lists(st.sampled_from(SAMPLE), max_size=3).map(" ".join))
def test_there_are_at_most_ten_of_at_most_four_words(text: str) -> None:
    found = phrases(text)
    assert len(found) <= MOST == 10
    assert len(set(found)) == len(found)
    assert all(1 <= len(phrase.split()) <= MAX_WORDS == 4 for phrase in found)
    assert found == phrases(f"  {text} ")
