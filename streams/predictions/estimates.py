"""What is foretold of many conversations at once, whoever does it. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.predictions.history import Numbers

Because = Sequence[tuple[str, str, float]]


class Foretold(NamedTuple):
    """A value for each row, and bounds between which 80 % are; nan where nothing can be told, or no bounds are known.

    `basis` names, for a row, what the estimate rests on; `because` gives its reasons: what, its value, its weight, the
    weightiest first. Both are asked for what is told to people only.
    """

    value: Numbers
    low: Numbers
    high: Numbers
    basis: Callable[[int], str]
    because: Callable[[int], Because]


def nothing(row: int) -> Because:
    """No reasons."""
    return ()
