"""The probability that a target of service is missed: P(T > target | T > what has passed), by survival curves of what
is alike. Pure.

Alike are spells of the same priority and category; where there are fewer than fifty, of the same priority; then all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.events import PRIORITIES
from streams.predictions import baseline
from streams.predictions.estimates import Foretold, nothing
from streams.predictions.history import Mask, Numbers, Whole
from streams.predictions.survival import Curve, curve, still_interval

RECIPE: Final = "Kaplan-Meier by priority and category"
ENOUGH: Final = 50
Until = Literal["reply", "resolution"]
_ANY: Final = "*"


class Lasted(NamedTuple):
    """Spells: how long (ms), whether they are over, of which priority and category (-1: none is known)."""

    took: Numbers
    over: Mask
    priority: Whole
    category: Whole


class SlaModel(NamedTuple):
    """Curves by (until, priority, category); `*` for any."""

    curves: Mapping[tuple[str, str, str], Curve]

    def foretell(
        self, until: Until, targets: Numbers, ages: Numbers, priority: Whole, category: Whole, names: Sequence[str]
    ) -> Foretold:
        """The chance of missing each target (ms) of what has lasted so long (ms). A target that has passed is missed
        for certain; nan where nothing alike lasted so long.
        """
        keys = [self._key(until, int(each), int(of), names) for each, of in zip(priority, category, strict=True)]
        value, low, high = (np.full(len(targets), np.nan) for _ in range(3))
        for key in dict.fromkeys(keys):
            of = self.curves.get(key)
            here = np.array([each == key for each in keys])
            if of is not None:
                value[here] = of.still(targets[here], ages[here])
                low[here], high[here] = still_interval(of, targets[here], ages[here])
        return Foretold(value, low, high, lambda row: _told(keys[row], self.curves), nothing)

    def _key(self, until: str, priority: int, category: int, names: Sequence[str]) -> tuple[str, str, str]:
        of = PRIORITIES[priority], names[category] if category >= 0 else _ANY
        for key in ((until, *of), (until, of[0], _ANY)):
            if key in self.curves:
                return key
        return until, _ANY, _ANY

    def kept(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and options for a file."""
        of = list(self.curves.values())
        arrays = {name: np.concatenate([getattr(each, name) for each in of]) for name in ("times", "alive", "variance")}
        sizes = np.array([len(each.times) for each in of])
        keys = [[*key, each.spells] for key, each in self.curves.items()]
        return {**arrays, "sizes": sizes}, {"curves": keys}


def load(arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> SlaModel:
    """What `kept` gave. Raises KeyError or ValueError for anything else."""
    ends = np.cumsum(arrays["sizes"])[:-1]
    parts = [np.split(arrays[name], ends) for name in ("times", "alive", "variance")]
    curves = {
        (until, priority, category): Curve(times, alive, variance, spells)
        for (until, priority, category, spells), times, alive, variance in zip(options["curves"], *parts, strict=True)
    }
    return SlaModel(curves)


def fit(spells: Mapping[Until, Lasted], names: Sequence[str]) -> SlaModel:
    """Curves of all, of each priority, and of each priority and category with fifty spells."""
    curves: dict[tuple[str, str, str], Curve] = {}
    for until, lasted in spells.items():
        curves[until, _ANY, _ANY] = curve(lasted.took, lasted.over)
        for place, priority in enumerate(PRIORITIES):
            of = lasted.priority == place
            if of.sum() >= ENOUGH:
                curves[until, priority, _ANY] = curve(lasted.took[of], lasted.over[of])
            for category, name in enumerate(names):
                both = of & (lasted.category == category)
                if both.sum() >= ENOUGH:
                    curves[until, priority, name] = curve(lasted.took[both], lasted.over[both])
    return SlaModel(curves)


def by_mean(targets: Numbers, ages: Numbers, mean: Numbers) -> Foretold:
    """As if it ended equally likely at any moment, with that mean (ms)."""
    value = np.where(ages >= targets, 1.0, baseline.outlasts(targets, ages, mean))
    unknown = np.full(len(value), np.nan)
    return Foretold(value, unknown, unknown, lambda row: f"mean of {mean[row] / 3_600_000:.3g} h", nothing)


def _told(key: tuple[str, str, str], curves: Mapping[tuple[str, str, str], Curve]) -> str:
    if key not in curves:
        return "nothing alike"
    words = [each for each in key[1:] if each != _ANY]
    return f"{curves[key].spells} spells of {' '.join(words) or 'any kind'}"
