"""What the lexicon scorer says of a text, as columns for a classifier."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.scoring import Explained
from streams.scoring.scorer import polarity_of

NAMES: Final = (
    *("score above 5", "score below 5", "VADER above 0", "VADER below 0", "TextBlob above 0", "TextBlob below 0"),
    *("subjectivity", "phrases for", "phrases against", "negated", "sarcasm", "sure"),
    *("!", "?", "...", "capitals", "drawn-out letters", "length"),
)
_CAPITALS: Final = re.compile(r"\b[A-Z]{3,}\b")
_DRAWN_OUT: Final = re.compile(r"([a-z])\1\1", re.IGNORECASE)
_OF_LEXICON: Final = frozenset({"lexicon", "negated", "sarcasm"})
_MOST: Final = 20_000


def lexicon_features(texts: Sequence[str], found: Sequence[Explained]) -> NDArray[np.float32]:
    """Shape (texts, len(NAMES)), each from 0 to about 1; `found` is what the scorer `support` says of each text."""
    return np.array([_of_one(*each) for each in zip(texts, found, strict=True)], np.float32).reshape(-1, len(NAMES))


def _of_one(text: str, found: Explained) -> tuple[float, ...]:
    text = text[:_MOST]
    sentiment = found.sentiment
    polarity = compound = blob = subjectivity = 0.0
    if sentiment is not None:
        polarity, compound, blob = polarity_of(sentiment.score), sentiment.compound, sentiment.polarity
        subjectivity = sentiment.subjectivity
    points = [each.points / 5 for each in found.reasons if each.rule in _OF_LEXICON]
    rules = [each.rule for each in found.reasons]
    return (
        *(max(polarity, 0.0), max(-polarity, 0.0), max(compound, 0.0), max(-compound, 0.0), max(blob, 0.0)),
        *(max(-blob, 0.0), subjectivity),
        *(min(1.0, sum(each for each in points if each > 0)), min(1.0, -sum(each for each in points if each < 0))),
        *(min(1.0, rules.count("negated") / 2), float("sarcasm" in rules), found.confidence if sentiment else 0.0),
        *(min(1.0, text.count("!") / 3), min(1.0, text.count("?") / 2), float("..." in text)),
        *(min(1.0, len(_CAPITALS.findall(text)) / 3), float(_DRAWN_OUT.search(text) is not None)),
        min(1.0, len(text) / 280),
    )
