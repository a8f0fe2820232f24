"""Drift on drawn hours: false alarms, and how soon a shift is told. `python -m tests.drift` does more of the same."""

import statistics
from typing import Final

from streams.drift.series import POINTS
from tests.drift.streams_of_hours import HOUR, MONDAY, Desk, scores
from tests.drift.watching import Found, watch
from tests.evaluations.row import Row

SEEDS: Final = range(5)
STILL_WEEKS: Final = 26
SHIFT_WEEKS: Final = 9
SHIFTED_AT: Final = 5 * 168 + 3 * 24 + 12


def rows() -> list[Row]:
    """The score at two desks, without a shift and with one of a point."""
    return [_row("60 texts an hour", Desk()), _row("60 an hour, days differ by 0.3 points", Desk(day_sd=0.3))]


def _row(name: str, desk: Desk) -> Row:
    begin = MONDAY + SHIFTED_AT * HOUR
    false = sum(len(watch(scores(desk, STILL_WEEKS, seed), POINTS)) for seed in SEEDS)
    found = [watch(scores(desk, SHIFT_WEEKS, seed, 1.0, SHIFTED_AT), POINTS) for seed in SEEDS]
    first = [
        min((one.at - begin) / HOUR + 1 for one in each if one.at >= begin) for each in found if _told(each, begin)
    ]
    years = len(SEEDS) * (STILL_WEEKS - 2) / 52
    figures = {
        "false alarms": f"{false} in {years:.1f} years",
        "a shift of a point": f"told after {statistics.median(first):.0f} h" if first else "not told",
        "told": f"{len(first)} of {len(SEEDS)}",
    }
    return Row("ADWIN over hours", name, "drawn", figures)


def _told(found: list[Found], begin: int) -> bool:
    return any(one.at >= begin for one in found)
