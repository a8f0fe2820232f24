"""Facts as the columns of a model. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from schemas.events import CHANNELS
from streams.predictions.facts import NAMES, Facts
from streams.predictions.history import Numbers, Whole

# A category of fewer moments than this has no column of its own.
ENOUGH: Final = 50
# What facts_at gives as log1p.
_COUNTS: Final = frozenset(
    {
        *("negative_messages", "messages", "replies", "waiting_hours", "age_hours", "reopened", "upset_before"),
        *("questions", "earlier_tickets", "earlier_escalations", "escalated_before"),
    }
)
_CLOCK: Final = frozenset({"hour_sine", "hour_cosine", "weekend"})


class Design(NamedTuple):
    """NAMES, then a column for each channel and for each of the `categories` that were frequent."""

    categories: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many columns."""
        return len(NAMES) + len(CHANNELS) + len(self.categories)

    def rows(self, facts: Facts, categories: Sequence[str]) -> Numbers:
        """The columns of facts whose `category` is a place in `categories`."""
        places = {name: place for place, name in enumerate(self.categories)}
        mine = np.array([*(places.get(name, -1) for name in categories), -1])[facts.category]
        return np.column_stack(
            [
                facts.numbers,
                facts.channel[:, None] == np.arange(len(CHANNELS)),
                mine[:, None] == np.arange(len(self.categories)),
            ]
        ).astype(np.float64)

    def told(self, column: int, value: float) -> tuple[str, str]:
        """What a column is called and what it holds, for a person."""
        if column < len(NAMES):
            name = NAMES[column]
            if name in _CLOCK:
                return "time_of_week", ""
            return name, f"{np.expm1(value) if name in _COUNTS else value:.4g}"
        column -= len(NAMES)
        if column < len(CHANNELS):
            return "channel", CHANNELS[column] if value else f"not {CHANNELS[column]}"
        name = self.categories[column - len(CHANNELS)]
        return "category", name if value else f"not {name}"


def design_of(category: Whole, categories: Sequence[str]) -> Design:
    """The columns for what a model is to learn from."""
    counts = np.bincount(category[category >= 0], minlength=len(categories))
    return Design(tuple(name for name, count in zip(categories, counts, strict=False) if count >= ENOUGH))
