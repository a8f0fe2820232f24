"""What a classifier says of texts: the class, and how probable each is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from streams.learning.classifier import Classifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Said(NamedTuple):
    """Of each text the number of the class that is chosen; probabilities of shape (texts, classes), rows sum to 1."""

    chosen: "NDArray[np.intp]"
    probabilities: "NDArray[np.float64]"


class _Calibration(Protocol):
    def probabilities(self, margins: "NDArray[np.float64]") -> "NDArray[np.float64]": ...


@runtime_checkable
class _Weighing(Protocol):
    """A classifier that does not choose by its probabilities: these are as frequent as classes are, and a class that is
    rare would never be chosen.
    """

    calibration: _Calibration

    def margins(self, texts: Sequence[str]) -> "NDArray[np.float64]": ...
    def weighed(self, margins: "NDArray[np.float64]") -> "NDArray[np.float64]": ...


def say(model: Classifier, texts: Sequence[str]) -> Said:
    """What a model says, with the class that counts where it is in force."""
    if isinstance(model, _Weighing):
        margins = model.margins(texts)
        return Said(model.weighed(margins).argmax(axis=1), model.calibration.probabilities(margins))
    probabilities = model.probabilities(texts)
    return Said(probabilities.argmax(axis=1), probabilities)
