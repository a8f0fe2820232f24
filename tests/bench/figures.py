"""What a measurement found, against the bar that it must reach."""

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One line of the table. `met` is None for a figure without a bar; `laps` are the raw values behind it."""

    bench: str
    name: str
    value: float
    unit: str
    bar: str = ""
    met: bool | None = None
    spread: tuple[float, float] | None = None
    note: str = ""
    laps: Sequence[Any] = ()


def at_least(bench: str, name: str, values: Sequence[float], unit: str, bar: float, note: str = "") -> Figure:
    """The median of several repetitions, which must be `bar` or more."""
    value = median(values)
    spread = (min(values), max(values))
    return Figure(bench, name, value, unit, f"≥ {bar:,g}", value >= bar, spread, note, tuple(values))


def below(bench: str, name: str, value: float, unit: str, bar: float, note: str = "") -> Figure:
    """A value that must stay under `bar`."""
    return Figure(bench, name, value, unit, f"< {bar:,g}", value < bar, None, note)


def known(bench: str, name: str, values: Sequence[float], unit: str, note: str = "") -> Figure:
    """A median without a bar, for whoever reads the others."""
    return Figure(bench, name, median(values), unit, "", None, (min(values), max(values)), note, tuple(values))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; the nearest one, never between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
