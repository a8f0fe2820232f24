"""The windows on their topic, and how they differ from what they should be. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tests.soak.oracle import milliseconds

# Short ones, so that many become final within a round.
SIZES: Final = (1, 5, 60, 86400)
ALLOWED_LATENESS_MS: Final = 60_000

TOTALS: Final = (
    "events",
    "scored",
    "very_negative",
    "negative",
    "neutral",
    "positive",
    "very_positive",
    "score_sum",
    "score_min",
    "score_max",
    "escalations",
    "resolved",
    "ratings",
    "satisfaction",
    "tickets",
    "reopened",
    "responded_in_time",
    "resolved_in_time",
    "emotions",
    "urgencies",
    "response_times",
    "resolution_times",
)
RATES: Final = ("negative_share", "escalation_rate", "score_avg", "satisfaction_avg")
# Seconds: exact ones are expected, what is told may be two percent beside.
QUANTILES: Final = ("response_p50", "response_p95", "resolution_p50", "resolution_p95")
FIGURES: Final = (*TOTALS, *RATES, *QUANTILES)
_TOLERANCE = 1e-9
_TOLERANCE_OF_QUANTILES = 0.02


class Cell(NamedTuple):
    """A window of one dimension's value. `size` and `start` in seconds."""

    tenant: str
    size: int
    start: int
    dimension: str
    value: str


# A figure is None where there is nothing to divide by, and a count by names or buckets where it is one.
Figure = float | dict[str, int] | None
Figures = tuple[Figure, ...]


def read_row(row: Mapping[str, Any]) -> tuple[Cell, Figures]:
    """A window with its figures by name."""
    return Cell(*(row[name] for name in Cell._fields)), tuple(row[name] for name in FIGURES)


class Published(NamedTuple):
    """The newest revision of a window on its topic."""

    figures: Figures
    revision: int
    final: bool


class Windows:
    """Follows the windows topic. `skipped` counts revisions that do not follow the one before."""

    def __init__(self) -> None:
        self.newest: dict[Cell, Published] = {}
        self.skipped = 0

    def take(self, value: bytes) -> None:
        """Take over one record of the topic."""
        window = json.loads(value)
        start, end = milliseconds(window["start"]) // 1000, milliseconds(window["end"]) // 1000
        cell = Cell(window["tenant"], end - start, start, window["dimension"], window["value"])
        before = self.newest.get(cell)
        self.skipped += window["revision"] != (before.revision if before else 0) + 1
        figures = (*window["totals"], *(window[name] for name in (*RATES, *QUANTILES)))
        self.newest[cell] = Published(figures, window["revision"], window["final"])


class Watermarks:
    """Follows the watermarks on the partials topic."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._sources = 0

    def take(self, value: bytes) -> None:
        """Take over one record of the topic."""
        message = json.loads(value)
        if message["type"] == "watermark":
            self._sources = message["sources"]
            self._times[message["source"]] = max(message["time"], self._times.get(message["source"], 0))

    def passed(self) -> int:
        """The time that every source partition has passed, in Unix milliseconds; 0 until all have told one."""
        return min(self._times.values()) if self._sources and len(self._times) == self._sources else 0


def differences(
    expected: Mapping[Cell, Figures], newest: Mapping[Cell, Published], passed: int, latest: int
) -> list[str]:
    """What is wrong with each window, in words: missing, unexpected, another figure, final too early or not at all.

    Windows that the watermark `passed` has passed must be final, those that even `latest` has not must not be.
    """
    found = []
    for cell in expected.keys() | newest.keys():
        wanted, got = expected.get(cell), newest.get(cell)
        if wanted is None and got is not None and not any(figure not in _NOTHING for figure in got.figures):
            # All that counted in it was taken back.
            continue
        if wanted is None or got is None:
            found.append(f"{cell}: {'not on the topic' if got is None else 'nobody expected it'}")
        elif not _due(cell, passed) <= got.final <= _due(cell, latest):
            found.append(f"{cell}: final is {got.final}, the watermark {latest}")
        elif wrong := [
            f"{name} is {b}, not {a}"
            for name, a, b in zip(FIGURES, wanted, got.figures, strict=True)
            if not _same(name, a, b)
        ]:
            found.append(f"{cell}: {', '.join(wrong)}")
    return found


def _due(cell: Cell, passed: int) -> bool:
    return (cell.start + cell.size) * 1000 + ALLOWED_LATENESS_MS <= passed


def _same(name: str, one: Figure, other: Figure) -> bool:
    if one is None or other is None or isinstance(one, dict) or isinstance(other, dict):
        return one == other
    return abs(one - other) <= (_TOLERANCE_OF_QUANTILES * one if name in QUANTILES else _TOLERANCE)


_NOTHING: Final[tuple[Figure, ...]] = (0, -1, None, {})
