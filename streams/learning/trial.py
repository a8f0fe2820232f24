"""How well something tells classes, on rows that it did not learn from."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.evaluation.evaluation import Figures
from streams.evaluation.metrics import accuracy, area_under_roc, confusion, counts_of, macro_f1
from streams.learning.calibration import Floats, calibration_error

RESAMPLES: Final = 500
Classes = NDArray[np.intp]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Figures from 0 to 1; None for what cannot be said. `auc_negative` is negative against the rest."""

    name: str
    rows: int
    accuracy: float | None
    macro_f1: float | None
    by_class: dict[str, Figures]
    auc_negative: float | None = None
    calibration_error: float | None = None
    uncalibrated_error: float | None = None


class Gain(msgspec.Struct, frozen=True):
    """How much higher the macro-F1 is, with the 95 % interval of resampled rows; `better` if all of that is above 0."""

    over: str
    macro_f1: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        """Whether it is more than chance."""
        return self.low > 0


def try_(
    name: str,
    told: Sequence[str],
    said: Sequence[str],
    *,
    negative: Sequence[float] = (),
    errors: tuple[float, float] | None = None,
) -> Trial:
    """Figures of what was said against what people told. `negative` is how negative each text is said to be, on any
    scale; `errors` are the calibration errors, before calibration and after.
    """
    classes = sorted({*told, *said})
    matrix = confusion(told, said, classes)
    counts = counts_of(matrix, classes)
    labelled = {name: each for name, each in counts.items() if each.labelled}
    return Trial(
        name=name,
        rows=len(told),
        accuracy=accuracy(matrix),
        # Of the classes that people told: what else was said is wrong for one of these already.
        macro_f1=macro_f1(labelled),
        by_class={
            name: Figures(each.labelled, each.precision, each.recall, each.f1) for name, each in labelled.items()
        },
        auc_negative=_auc(told, negative) if len(negative) else None,
        uncalibrated_error=errors[0] if errors else None,
        calibration_error=errors[1] if errors else None,
    )


def errors_of(before: Floats, after: Floats, told: Sequence[str], classes: Sequence[str]) -> tuple[float, float]:
    """Calibration errors before and after. A text of a class that is none of `classes` is always wrong."""
    places = {name: place for place, name in enumerate(classes)}
    right = np.array([places.get(name, -1) for name in told])
    return calibration_error(before, right), calibration_error(after, right)


def gain(over: str, told: Sequence[str], said: Sequence[str], other: Sequence[str], seed: int = 0) -> Gain:
    """The gain of one over another on the same rows, which are drawn anew 500 times for the interval."""
    classes = sorted({*told, *said, *other})
    places = {name: place for place, name in enumerate(classes)}
    ours, theirs, right = (np.array([places[name] for name in each]) for each in (said, other, told))
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(right), len(right))
        with_ours, with_theirs = (_macro_f1(right[rows], each[rows], len(classes)) for each in (ours, theirs))
        found.append(with_ours - with_theirs)
    low, high = np.quantile(found, (0.025, 0.975))
    whole = _macro_f1(right, ours, len(classes)) - _macro_f1(right, theirs, len(classes))
    return Gain(over, whole, float(low), float(high))


def _macro_f1(right: Classes, said: Classes, classes: int) -> float:
    both = np.bincount(right[right == said], minlength=classes)
    labelled = np.bincount(right, minlength=classes)
    total = labelled + np.bincount(said, minlength=classes)
    return float((2 * both[labelled > 0] / total[labelled > 0]).mean())


def _auc(told: Sequence[str], negative: Sequence[float]) -> float | None:
    is_negative = [-score for name, score in zip(told, negative, strict=True) if name == "negative"]
    others = [-score for name, score in zip(told, negative, strict=True) if name != "negative"]
    return area_under_roc(is_negative, others)
