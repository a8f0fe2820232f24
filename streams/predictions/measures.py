"""How good foretold probabilities and times are. Pure; the random numbers come in.

Brier (1950): the mean of (p - outcome)². Skill is 1 - Brier / Brier of a reference: 0 is no better, 1 is certainty.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.predictions.history import Mask, Numbers, Whole

RESAMPLES: Final = 500
_BINS: Final = 10


class Bounds(msgspec.Struct, frozen=True):
    """A figure with its 95 % bounds, by drawing tickets anew; null bounds where there are too few tickets."""

    value: float
    low: float | None
    high: float | None


class Bin(msgspec.Struct, frozen=True):
    """Moments with predictions from `low` to `high`: how many, what was foretold and what happened, on average."""

    low: float
    high: float
    count: int
    foretold: float
    happened: float


def brier(chance: Numbers, outcome: Mask) -> float:
    """The mean squared error."""
    return float(np.mean((chance - outcome) ** 2))


def skill(chance: Numbers, reference: Numbers, outcome: Mask, tickets: Whole, random: np.random.Generator) -> Bounds:
    """Brier skill over a reference. Tickets are drawn, not moments: those of one ticket belong together."""
    _, group = np.unique(tickets, return_inverse=True)
    ours = np.bincount(group, weights=(chance - outcome) ** 2)
    theirs = np.bincount(group, weights=(reference - outcome) ** 2)
    drawn = _drawn(ours, theirs, random)
    return _bounds(1 - ours.sum() / theirs.sum() if theirs.sum() else 0.0, 1 - drawn[0] / drawn[1], len(ours))


def ratio(ours: Numbers, reference: Numbers, tickets: Whole, random: np.random.Generator) -> Bounds:
    """The sum of errors as a share of a reference's; below 1 is better."""
    _, group = np.unique(tickets, return_inverse=True)
    mine, theirs = np.bincount(group, weights=ours), np.bincount(group, weights=reference)
    drawn = _drawn(mine, theirs, random)
    return _bounds(mine.sum() / theirs.sum() if theirs.sum() else 1.0, drawn[0] / drawn[1], len(mine))


def lift(chance: Numbers, outcome: Mask, share: float = 0.1) -> float:
    """How many times as often it happened among the share with the highest predictions as among all; 0 of nothing.
    Among equal predictions the mean counts, so the order of rows does not matter.
    """
    if not outcome.any():
        return 0.0
    wanted = max(1, round(len(chance) * share))
    bound = np.partition(chance, -wanted)[-wanted]
    above, level = chance > bound, chance == bound
    hits = outcome[above].sum() + (wanted - above.sum()) * outcome[level].mean()
    return float(hits / wanted / outcome.mean())


def auc(chance: Numbers, outcome: Mask) -> float:
    """The probability that of one that happened and one that did not the former has the higher prediction."""
    _, inverse, counts = np.unique(chance, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    yes, no = int(outcome.sum()), int((~outcome).sum())
    return float((ranks[outcome].sum() - yes * (yes + 1) / 2) / (yes * no)) if yes and no else 0.5


def reliability(chance: Numbers, outcome: Mask) -> tuple[Bin, ...]:
    """Ten equal spans of prediction, without those that are empty."""
    place = np.minimum((chance * _BINS).astype(int), _BINS - 1)
    return tuple(
        Bin(each / _BINS, (each + 1) / _BINS, int(here.sum()), float(chance[here].mean()), float(outcome[here].mean()))
        for each in range(_BINS)
        if (here := place == each).any()
    )


def pinball(took: Numbers, foretold: Numbers, shares: Sequence[float]) -> Numbers:
    """The loss of quantiles (rows, shares), averaged over the shares; of each row, in the unit of the times."""
    off = took[:, None] - foretold
    return np.asarray(np.mean(np.maximum(np.asarray(shares) * off, (np.asarray(shares) - 1) * off), axis=1))


def log_error(took: Numbers, foretold: Numbers) -> Numbers:
    """|log(foretold / took)|, of each row: 0.69 is half or double."""
    return np.asarray(np.abs(np.log(np.maximum(foretold, 1.0)) - np.log(np.maximum(took, 1.0))))


def _drawn(ours: NDArray[Any], theirs: NDArray[Any], random: np.random.Generator) -> Numbers:
    drawn = np.empty((2, RESAMPLES))
    for lap in range(RESAMPLES):
        weights = np.bincount(random.integers(0, len(ours), len(ours)), minlength=len(ours))
        drawn[:, lap] = ours @ weights, max(float(theirs @ weights), 1e-300)
    return drawn


def _bounds(value: float, drawn: Numbers, tickets: int) -> Bounds:
    if tickets < 20:
        return Bounds(float(value), None, None)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Bounds(float(value), float(low), float(high))
