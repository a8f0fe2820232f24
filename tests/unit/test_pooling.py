"""Long texts by sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.pooling import sentences_of, weights_of


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", [""]),
        ("One", ["One"]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("One\n\nTwo\nThree", ["One", "Two", "Three"]),
        ('He said "no." Then he left.', ['He said "no.', "Then he left."]),
        ("Version 1.2 of acme.example is out", ["Version 1.2 of acme.example is out"]),
        (" . ", ["."]),
    ],
)
def test_sentences_end_at_marks_and_lines(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


def test_more_than_two_hundred_are_joined_and_none_is_lost() -> None:
    words = [f"word{number}." for number in range(1_001)]
    pieces = sentences_of(" ".join(words))
    assert len(pieces) <= 200
    assert " ".join(pieces).split() == words


def test_what_is_further_from_neutral_weighs_more() -> None:
    assert weights_of([0.0, -0.4, 0.4], floor=0.1) == pytest.approx([0.1 / 1.1, 0.5 / 1.1, 0.5 / 1.1])


def test_neutral_sentences_weigh_the_same() -> None:
    assert weights_of([0.0, 0.0], floor=0.1) == [0.5, 0.5]


@given(st.lists(st.floats(-1, 1), min_size=1), st.floats(0.01, 1))
def test_the_weights_add_up_to_one(polarities: list[float], floor: float) -> None:
    weights = weights_of(polarities, floor)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) > 0


@given(st.text())
def test_no_sentence_is_empty_unless_the_text_is(text: str) -> None:
    sentences = sentences_of(text)
    assert all(sentences) or sentences == [text]
