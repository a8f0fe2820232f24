"""Rounding as `round` does it, in less than half of the time: it is done five times for a text."""

from typing import Final

# A figure that is nearer to the middle of two is left to `round`, which looks at all its digits.
_CLEAR: Final = 0.499_999
# What is added to a float of this size and taken away again leaves the nearest whole number.
WHOLE: Final = 1.5 * 2**52


def round_2(figure: float) -> float:
    """`round(figure, 2)`, to the last bit and the sign of zero, for a figure below a million."""
    scaled = figure * 100.0
    whole = scaled + WHOLE - WHOLE
    # Both take the float that is nearest to the same decimal fraction.
    return whole / 100.0 if whole and -_CLEAR < scaled - whole < _CLEAR else round(figure, 2)


def round_3(figure: float) -> float:
    """`round(figure, 3)`, likewise."""
    scaled = figure * 1_000.0
    whole = scaled + WHOLE - WHOLE
    return whole / 1_000.0 if whole and -_CLEAR < scaled - whole < _CLEAR else round(figure, 3)


def round_4(figure: float) -> float:
    """`round(figure, 4)`, likewise."""
    scaled = figure * 10_000.0
    whole = scaled + WHOLE - WHOLE
    return whole / 10_000.0 if whole and -_CLEAR < scaled - whole < _CLEAR else round(figure, 4)
