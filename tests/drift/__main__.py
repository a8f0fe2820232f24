"""The figures of docs/models.md: false alarms on streams that do not change, and how long a shift takes to be told.

python -m tests.drift
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from streams.drift import adwin
from streams.drift.series import HOURLY, POINTS, SHARE, Scale
from streams.spikes.measures import Reading
from tests.drift.streams_of_hours import HOUR, MONDAY, Desk, scores, shares
from tests.drift.watching import watch

SEEDS: Final = range(10)
STILL_WEEKS: Final = 26
SHIFT_WEEKS: Final = 10
# A Thursday at noon in the sixth week.
SHIFTED_AT: Final = 5 * 168 + 3 * 24 + 12
Hours = Iterable[tuple[int, Reading]]
DESKS: Final = {
    "60 texts an hour": Desk(),
    "600 texts an hour": Desk(texts=600),
    "5 texts an hour": Desk(texts=5),
    "60, days differ by 0.15 points": Desk(day_sd=0.15),
    "60, days differ by 0.3 points": Desk(day_sd=0.3),
}


def main() -> None:
    for name, desk in DESKS.items():
        _row(f"score, {name}", POINTS, lambda desk=desk, **given: scores(desk, **given), (0.3, 0.5, 1.0))
    for share in (0.05, 0.2):
        drawn: Callable[..., Hours] = lambda share=share, **given: shares(Desk(), share, **given)  # noqa: E731
        _row(f"share of {share:.0%}, 60 texts an hour", SHARE, drawn, (0.04, 0.06, 0.1))
    _unseasonal()


def _row(name: str, scale: Scale, drawn: Callable[..., Hours], shifts: Iterable[float]) -> None:
    years = len(SEEDS) * (STILL_WEEKS - 2) / 52
    false = sum(len(watch(drawn(weeks=STILL_WEEKS, seed=seed), scale)) for seed in SEEDS)
    told = [f"{shift:g}: {_delays(scale, drawn, shift)}" for shift in shifts]
    print(f"{name} | {false} in {years:.1f} years | {' | '.join(told)}", flush=True)


def _delays(scale: Scale, drawn: Callable[..., Hours], shift: float) -> str:
    begin = MONDAY + SHIFTED_AT * HOUR
    delays = []
    for seed in SEEDS:
        found = watch(drawn(weeks=SHIFT_WEEKS, seed=seed, shift=shift, shifted_at=SHIFTED_AT), scale)
        delays += [(each.at - begin) / HOUR + 1 for each in found if each.at >= begin][:1]
    middle = f"{statistics.median(delays):.0f} h, at most {max(delays):.0f}" if delays else "-"
    return f"{middle} ({len(delays)} of {len(SEEDS)})"


def _unseasonal() -> None:
    """The first row again, by ADWIN over the hours as they are."""
    begin = MONDAY + SHIFTED_AT * HOUR
    false = sum(len(_changes(scores(Desk(), STILL_WEEKS, seed))) for seed in SEEDS)
    print(f"score, 60 texts an hour, without the season | {false}", end="")
    for shift in (0.3, 0.5, 1.0):
        found = [_changes(scores(Desk(), SHIFT_WEEKS, seed, shift, SHIFTED_AT)) for seed in SEEDS]
        first = [
            min((at - begin) / HOUR + 1 for at in each if at >= begin)
            for each in found
            if max(each, default=0) >= begin
        ]
        print(f" | {shift:g}: {statistics.median(first) if first else math.inf:.0f} h ({len(first)})", end="")
    print()


def _changes(hours: Hours) -> list[int]:
    found, window = [], adwin.Window()
    for at, reading in _busy(hours):
        rate = reading.amount / reading.exposure
        window = adwin.add(window, min(max((rate - 6) / 2 + 0.5, 0.0), 1.0), rate, reading.exposure, at)
        if adwin.find_change(window, HOURLY.chance) is not None:
            window = adwin.Window()
            found.append(at)
    return found


def _busy(hours: Hours) -> Iterator[tuple[int, Reading]]:
    return ((at, reading) for at, reading in hours if reading.exposure)


if __name__ == "__main__":
    main()
