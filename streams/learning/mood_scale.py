"""From what a classifier of sentiment tells to a score from 0 to 10.

q are the weights by which a class is chosen (`LinearClassifier.weighed`), m = q of the class less the next one:

    negative: from just below the bound of negative (m = 0) over that of very_negative (m = strong) down to 0 (m = 1)
    neutral:  within the neutral band, from its lower end to its upper one, by (q positive - q negative) / q neutral
    positive: from the bound of positive (m = 0) over that of very_positive (m = strong) up to 10 (m = 1)

So the label of the score's band is the class, and within a class the score rises with what speaks for positive against
negative. Three labels say nothing of how bad it is, so `strong` is chosen at training: a fifth of the held-out rows
that are called negative have m above it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.learning.calibration import Floats

MOODS: Final = ("negative", "neutral", "positive")
STRONG_SHARE: Final = 0.2
_STEP: Final = 0.01
_SCALE: Final = 10.0


class Strong(NamedTuple):
    """The margins above which negative is very negative, and positive very positive."""

    negative: float = 0.8
    positive: float = 0.8


def strong_of(weights: Floats, classes: Sequence[str]) -> Strong:
    """From the weights of rows that were held out; shape (rows, classes)."""
    told = in_order(weights, classes)
    said = told.argmax(axis=1)
    return Strong(_quantile(_margin(told, 0)[said == 0]), _quantile(_margin(told, 2)[said == 2]))


def scores(weights: Floats, classes: Sequence[str], strong: Strong, bounds: Sequence[float]) -> Floats:
    """Scores of two decimals for weights of shape (texts, classes); `bounds` are those of the labels, as in
    `streams.scoring.scorer.label_of`. Some may lie outside of 0 to 10, where a preset has three labels.
    """
    told = in_order(weights, classes)
    very_low, low, high, very_high = bounds
    lowest = very_low if very_low > 0 else low / 2
    highest = very_high if very_high < _SCALE else (high + _SCALE) / 2
    negative = np.interp(_margin(told, 0), (0, strong.negative, 1), (low - _STEP, lowest, 0.0))
    positive = np.interp(_margin(told, 2), (0, strong.positive, 1), (high, highest, _SCALE))
    leaning = (told[:, 2] - told[:, 0]) / np.maximum(told[:, 1], 1e-12)
    neutral = np.interp(leaning, (-1, 1), (low, high - _STEP))
    chosen = np.choose(told.argmax(axis=1), (negative, neutral, positive))
    return np.asarray(np.round(chosen, 2), np.float64)


def in_order(weights: Floats, classes: Sequence[str]) -> Floats:
    """Columns for negative, neutral and positive; 0 for a class that there is not."""
    places: Mapping[str, int] = {name: place for place, name in enumerate(classes)}
    nothing = np.zeros(len(weights))
    return np.stack([weights[:, places[name]] if name in places else nothing for name in MOODS], axis=1)


def _margin(told: Floats, class_: int) -> Floats:
    others = np.delete(told, class_, axis=1).max(axis=1)
    return np.asarray(np.clip(told[:, class_] - others, 0, 1))


def _quantile(margins: Floats) -> float:
    if not len(margins):
        return Strong().negative
    return float(np.clip(np.quantile(margins, 1 - STRONG_SHARE), 0.05, 0.99))
