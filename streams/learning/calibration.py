"""Probabilities that mean what they say: of what is told with 0.8, four in five are right."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS: Final = 15
# With more classes there are too few rows of each to move it by itself.
_MOST_OFFSETS: Final = 10
_PULL: Final = 1e-3


class Calibration(NamedTuple):
    """Softmax of `scale` * margins + `offsets` (temperature scaling, Guo et al. 2017, with offsets, which take back
    what weights of classes added).
    """

    scale: float
    offsets: Floats

    def probabilities(self, margins: Floats) -> Floats:
        """Shape (texts, classes); rows sum to 1."""
        return softmax(self.scale * margins + self.offsets)


def softmax(margins: Floats) -> Floats:
    """Along the last axis."""
    powers = np.exp(margins - margins.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def calibrate(margins: Floats, classes: NDArray[np.intp]) -> Calibration:
    """What makes the classes of these rows likeliest; the rows must not be those that the margins were learned from."""
    from scipy.optimize import minimize  # noqa: PLC0415

    count = margins.shape[1]
    free = count if count <= _MOST_OFFSETS else 0
    at = np.arange(len(classes))

    def loss(values: Floats) -> tuple[float, Floats]:
        scale = np.exp(values[0])
        offsets = values[1:] if free else np.zeros(count)
        told = softmax(scale * margins + offsets)
        wrong = told.copy()
        wrong[at, classes] -= 1
        slopes = [(wrong * margins).sum() * scale / len(at)]
        slopes += list(wrong.sum(axis=0) / len(at) + 2 * _PULL * offsets) if free else []
        missed = -np.log(np.clip(told[at, classes], 1e-12, 1)).mean()
        return float(missed + _PULL * (offsets**2).sum()), np.array(slopes)

    found = minimize(loss, np.zeros(1 + free), jac=True, method="L-BFGS-B", bounds=[(-5, 5)] * (1 + free)).x
    offsets = found[1:] - found[1:].mean() if free else np.zeros(count)
    return Calibration(float(np.exp(found[0])), offsets)


class Bin(NamedTuple):
    """Rows whose likeliest class is told with a probability within bounds: how many, and the means of what is told and
    of what is right.
    """

    rows: int
    told: float
    right: float


def reliability(probabilities: Floats, classes: NDArray[np.intp], bins: int = BINS) -> list[Bin]:
    """Bins of equal width, from 0 to 1; those without a row are left out."""
    told, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
    bin_of = np.minimum((told * bins).astype(int), bins - 1)
    return [
        Bin(int(here.sum()), float(told[here].mean()), float(right[here].mean()))
        for here in (bin_of == number for number in range(bins))
        if here.any()
    ]


def calibration_error(probabilities: Floats, classes: NDArray[np.intp], bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al. 2015): how far what is told is from what is right, mean over rows."""
    found = reliability(probabilities, classes, bins)
    return sum(each.rows * abs(each.told - each.right) for each in found) / len(classes)
