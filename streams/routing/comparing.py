"""The ways against each other over many runs: means with intervals, and differences of the same runs. Pure."""

from collections.abc import Callable, Sequence
from statistics import fmean, quantiles, stdev
from typing import Final, NamedTuple

from streams.routing.roster import Roster
from streams.routing.simulating import WAYS, Desk, Outcome, Way, World, arrivals, shifts_of

# Two-sided 95 % quantile of Student's distribution by degrees of freedom; of others that of the next lower.
_T: Final = ((9, 2.262), (14, 2.145), (19, 2.093), (29, 2.045), (39, 2.023), (59, 2.001), (99, 1.984))
FIGURES: Final = ("mean", "p50", "p90", "within", "left")


class Mean(NamedTuple):
    """A mean over runs, and half of its 95 % interval."""

    value: float
    half: float


class Compared(NamedTuple):
    """One way: each figure, and how much less it is than round robin's in the same runs. Times are in seconds."""

    way: Way
    figures: dict[str, Mean]
    less: dict[str, Mean]


def compare(roster: Roster, world: World, runs: int, target: float, seed: int = 1) -> list[Compared]:
    """All ways over so many runs. `within` is the share of tickets answered within `target` seconds, `left` that of
    tickets that were never answered; the other figures are of the time until one or the other.
    """
    shifts = shifts_of(roster, world)
    found: dict[Way, list[dict[str, float]]] = {way: [] for way in WAYS}
    for number in range(runs):
        came = arrivals(world, seed * 100_000 + number)
        for way in WAYS:
            found[way].append(figures_of(Desk(roster, world, way, number).run(came, shifts), target))
    base = found["round robin"]
    return [Compared(way, _means(made), _means(_less(base, made))) for way, made in found.items()]


def figures_of(outcome: Outcome, target: float) -> dict[str, float]:
    """Of one run."""
    waits = list(outcome.waits) or [0.0]
    tenths = quantiles(waits, n=10, method="inclusive") if len(waits) > 1 else waits * 9
    left = outcome.answered.count(False) / max(len(outcome.answered), 1)
    return dict(zip(FIGURES, (fmean(waits), tenths[4], tenths[8], outcome.within(target), left), strict=True))


def _less(base: Sequence[dict[str, float]], made: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: one[name] - other[name] for name in FIGURES} for one, other in zip(base, made, strict=True)]


def _means(runs: Sequence[dict[str, float]]) -> dict[str, Mean]:
    of: Callable[[str], list[float]] = lambda name: [run[name] for run in runs]  # noqa: E731
    return {name: Mean(fmean(of(name)), _half(of(name))) for name in FIGURES}


def _half(values: Sequence[float]) -> float:
    freedom = len(values) - 1
    if freedom < 1:
        return 0.0
    t = next((value for known, value in reversed(_T) if known <= freedom), 12.706)
    return float(t * stdev(values) / len(values) ** 0.5)
