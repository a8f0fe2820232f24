"""Scores, labels and categories of preset A and E."""

import pytest
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from streams.scoring import scorer_of
from streams.scoring.bounds import MAX_CHARS, MAX_PICTOGRAPHS, bound
from streams.scoring.readers.analytics import category_of
from streams.scoring.scorer import label_of, score_of
from tests.unit.records import CALM, FURIOUS

TEXTS = [
    FURIOUS,
    CALM,
    "Great, another outage!!! :(",
    "ÄÖÜ 你好 🙂",
    "",
    "   ",
    "\x00",
    "NOT good at all, but the agent was nice",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_figures_are_the_libraries_own(text: str) -> None:
    sentiment = scorer_of("helpdesk").score(text)
    blob = TextBlob(text).sentiment
    assert (sentiment.polarity, sentiment.subjectivity) == (blob.polarity, blob.subjectivity)
    assert sentiment.compound == SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    assert sentiment.score == round((blob.polarity + 1) * 5, 2)


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (0.0, "very_negative"),
        (1.99, "very_negative"),
        (2.0, "negative"),
        (3.99, "negative"),
        (4.0, "neutral"),
        (5.99, "neutral"),
        (6.0, "positive"),
        (7.99, "positive"),
        (8.0, "very_positive"),
        (10.0, "very_positive"),
    ],
)
def test_labels_change_at_the_presets_bounds(score: float, label: str) -> None:
    assert label_of(score) == label


def test_polarity_spans_the_scale() -> None:
    assert [score_of(polarity) for polarity in (-1.0, 0.0, 0.333, 1.0)] == [0.0, 5.0, 6.67, 10.0]


def test_what_is_scored_of_a_text_is_bounded() -> None:
    assert bound("x" * 20_000) == "x" * MAX_CHARS
    assert bound("fine 😡" * 300).count("😡") == MAX_PICTOGRAPHS
    assert bound("fine 😡") == "fine 😡"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I was charged twice, refund the payment", "billing"),
        ("The app shows an error and then a crash", "technical"),
        ("My password reset fails", "account"),
        ("Good morning", "general"),
        ("", "general"),
    ],
)
def test_the_category_with_the_most_keywords_wins(text: str, category: str) -> None:
    assert category_of(text) == category
