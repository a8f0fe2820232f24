"""What a classifier of texts is, however it was learned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from streams.learning.card import ModelCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Term(NamedTuple):
    """What in a text spoke for a class (weight above 0) or against it, and where: `text[start:end]`; both are 0 for
    what has no single place.
    """

    term: str
    weight: float
    start: int
    end: int


class Classifier(Protocol):
    """Tells the class of texts in any state: empty, huge, not a language. It never raises for a text."""

    card: ModelCard

    def probabilities(self, texts: Sequence[str]) -> "NDArray[np.float64]":
        """Shape (texts, classes), in the order of `card.classes`; rows sum to 1, calibrated."""
        ...

    def reasons(self, text: str, class_: str) -> list[Term]:
        """What spoke for and against a class, the weightiest first. Raises KeyError for a class that is none."""
        ...

    def known_share(self, texts: Sequence[str]) -> "NDArray[np.float64]":
        """Of each text's words the share that was in the training vocabulary; 1.0 for an empty text."""
        ...
