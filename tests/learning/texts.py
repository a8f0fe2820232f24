"""Labelled texts for the tests of what learns: real questions of bank customers, and messages made of a few words."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.learning.examples import Example

_WORDS: Final = {
    "negative": "broken awful refund terrible worst crashed angry useless",
    "neutral": "invoice tomorrow question settings address monday account number",
    "positive": "thanks great solved lovely excellent happy perfect wonderful",
}
_ANY: Final = (
    *("the", "my", "order", "app", "yesterday", "flight", "again", "it", "was", "with", "your", "support", "team"),
    *("phone", "@united"),
)
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)


def moods(count: int, seed: int = 0, wrong: float = 0.1) -> list[Example]:
    """Messages of three moods, a minute apart, no two the same; a share of them has another's label."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        mood = draw.choice(list(_WORDS))
        words = [*draw.sample(_ANY, 5), *draw.sample(_WORDS[mood].split(), 2), _name(seed * 100_000 + number)]
        draw.shuffle(words)
        label = draw.choice(list(_WORDS)) if draw.random() < wrong else mood
        found.append(Example(" ".join(words), label, _BEGAN + timedelta(minutes=number)))
    return found


def _name(number: int) -> str:
    """A word for a number: digits count as alike."""
    return "w" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def texts_of(examples: Sequence[Example]) -> list[str]:
    """Their texts."""
    return [each.text for each in examples]
