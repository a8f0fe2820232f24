"""What is foretold without a model: the formula of the analytics that ticketpulse replaces, means, fixed times. Pure.

escalation = 0.3 (polarity < -0.5) + 0.3 (urgency critical or high) + 0.2 (angry or frustrated) + 0.2 (more than five
earlier tickets); the time to a resolution is the category's mean, else 24 h.
"""

from typing import Final

import numpy as np

from streams.predictions.facts import MANY_TICKETS, Facts
from streams.predictions.history import HOUR_MS, Mask, Numbers, Whole

UNKNOWN_MS: Final = 24 * HOUR_MS
UNKNOWN_REPLY_MS: Final = 2 * HOUR_MS
_VERY_NEGATIVE: Final = -0.5
_PRESSING: Final = 2
# A mean of fewer resolutions says little.
ENOUGH: Final = 5
PARTS: Final = (("polarity", 0.3), ("urgent_text", 0.3), ("upset", 0.2), ("many_tickets", 0.2))


def escalation(facts: Facts) -> Numbers:
    """The formula's sum, 0 to 1."""
    return np.asarray(held(facts) @ np.array([weight for _, weight in PARTS]))


def held(facts: Facts) -> Mask:
    """Which of PARTS hold, (rows, parts)."""
    return np.column_stack(
        [
            facts.polarity < _VERY_NEGATIVE,
            facts.urgency >= _PRESSING,
            facts.upset,
            facts.earlier_tickets > MANY_TICKETS,
        ]
    )


def category_means(categories: Whole, took: Numbers, over: Mask, count: int) -> Numbers:
    """The mean time of each of so many categories' resolutions; nan where there are fewer than five."""
    known = over & (categories >= 0)
    totals = np.bincount(categories[known], weights=took[known], minlength=count)
    numbers = np.bincount(categories[known], minlength=count)
    return np.asarray(np.where(numbers >= ENOUGH, totals / np.maximum(numbers, 1), np.nan))


def mean_of(means: Numbers, categories: Whole) -> Numbers:
    """The category's mean, else 24 h."""
    found = np.append(means, np.nan)[np.where(categories < 0, len(means), categories)]
    return np.asarray(np.where(np.isnan(found), UNKNOWN_MS, found))


def outlasts(target: Numbers, age: Numbers, mean: Numbers) -> Numbers:
    """P(T > target | T > age) of a time that ends equally likely at any moment, with that mean."""
    return np.asarray(np.exp(-np.maximum(target - age, 0) / mean))
