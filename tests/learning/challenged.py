"""Classifiers that are no more than they need be, and the stage `score` with them beside it."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.learning.card import ModelCard
from streams.learning.classifier import Classifier, Term
from streams.learning.in_force import InForce
from streams.learning.shadow import Shadow
from tests.learning.kept_models import SECOND, card

MOODS = ("negative", "neutral", "positive")


class Worded:
    """Positive for a text with "thank" in it, negative for one with "worst", else neutral; knows the given words."""

    def __init__(self, card: ModelCard, known: Sequence[str] = ()) -> None:
        self.card = card
        self._known = set(known)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        rows = [
            (0.1, 0.1, 0.8) if "thank" in each else (0.7, 0.2, 0.1) if "worst" in each else (0.2, 0.6, 0.2)
            for each in texts
        ]
        return np.array(rows).reshape(len(texts), 3)

    def reasons(self, text: str, class_: str) -> list[Term]:
        return []

    def known_share(self, texts: Sequence[str]) -> NDArray[np.float64]:
        split = [each.lower().split() for each in texts]
        return np.array([sum(word in self._known for word in words) / len(words) if words else 1.0 for words in split])


class Raising(Worded):
    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        raise MemoryError("too many")


class Nonsense(Worded):
    """Not a probability, and not as many as there are texts."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.full((max(len(texts) - 1, 0), 3), np.nan)


class Unsure(Worded):
    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.full((len(texts), 3), np.nan)


class Hanging(Worded):
    """Says nothing until it is let go."""

    def __init__(self, card: ModelCard, known: Sequence[str] = ()) -> None:
        super().__init__(card, known)
        self.asked = 0
        self.go = threading.Event()

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.asked += 1
        self.go.wait()
        return super().probabilities(texts)


class AtOnce:
    """Runs what is asked without a thread, for tests of what comes of it."""

    def begin(self) -> None:
        """Nothing is counted."""

    def run(self, work: Any) -> Any:
        return work()


def challenger(make: type[Worded] = Worded, version: str = SECOND) -> Worded:
    """A challenger of sentiment with three moods."""
    return make(card(version, classes=MOODS))


def shadow_of(model: Classifier | None, aside: Any = None) -> Shadow:
    """A challenger for every tenant."""
    in_force = InForce().with_challenger("", "sentiment", SECOND)
    return Shadow(in_force, {("sentiment", SECOND): model}, aside or AtOnce())


def monotonic() -> float:
    """The clock of real threads."""
    return time.monotonic()
