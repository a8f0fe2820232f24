"""What the stock libraries say, and where the scorers say something else."""

from typing import NamedTuple

from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from streams.scoring.textblob_sentiment import sentiment
from streams.scoring.vader import polarity_scores

_ANALYZER = SentimentIntensityAnalyzer()


class Difference(NamedTuple):
    """Two results that are not the same, as their representations."""

    scorer: str
    text: str
    stock: str
    ours: str

    def __str__(self) -> str:
        return f"{self.scorer} of {self.text!r}\n  stock: {self.stock}\n  ours:  {self.ours}"


def stock_polarity_scores(text: str) -> dict[str, float]:
    """vaderSentiment's figures."""
    scores: dict[str, float] = _ANALYZER.polarity_scores(text)
    return scores


def stock_sentiment(text: str) -> tuple[float, float]:
    """textblob's figures."""
    polarity, subjectivity = TextBlob(text).sentiment
    return polarity, subjectivity


def difference(text: str) -> Difference | None:
    """The first scorer that differs for a text: in a bit of a figure, in a key or in the order of keys."""
    return vader_difference(text) or textblob_difference(text)


def vader_difference(text: str) -> Difference | None:
    """Where VADER's figures differ."""
    return _compared("VADER", text, stock_polarity_scores(text), polarity_scores(text))


def textblob_difference(text: str) -> Difference | None:
    """Where TextBlob's figures differ."""
    return _compared("TextBlob", text, stock_sentiment(text), sentiment(text))


def _compared(scorer: str, text: str, stock: object, ours: object) -> Difference | None:
    # The representation of a float has all its bits, and the sign of zero, which == does not tell.
    return None if repr(stock) == repr(ours) else Difference(scorer, text, repr(stock), repr(ours))
