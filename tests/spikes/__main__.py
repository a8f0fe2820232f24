"""Detection, delay and false alarms of the product's detector beside what people use otherwise, in one run.

    python -m tests.spikes [--series N] [--weeks N] [--seed N]

All detectors see the same series. The first three weeks of each are for learning and count for nothing. A spike is
found when an alarm begins in one of its first two windows; the delay is that of all that were found at all.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tests.spikes.detectors import Detector, EwmaZ, Fixed, best_possible, ours
from tests.spikes.plot import write_plots
from tests.spikes.simulate import A_DAY, A_WEEK, KINDS, Injected, Kind, quiet, with_spikes

LEARNT = 3 * A_WEEK
WITHIN = 2
FACTORS = (2.0, 3.0, 5.0)
LENGTHS = (3, 12, 36)
ENOUGH = 30
# Wide enough for all columns; a file has no width.
WIDTH = 150
DETECTORS: dict[str, Detector] = {
    "ticketpulse": ours,
    "EWMA z > 3": EwmaZ(3),
    "EWMA z > 5": EwmaZ(5),
    "EWMA z > 8": EwmaZ(8),
    "2 x the mean": Fixed(2, LEARNT),
    "3 x the mean": Fixed(3, LEARNT),
    "best possible": best_possible,
}


@dataclass
class Score:
    """What a detector did: false alarms in so many weeks of series, spikes found of so many, delays in windows."""

    false: int = 0
    weeks: float = 0.0
    found: int = 0
    spikes: int = 0
    delay: int = 0
    found_late: int = 0

    def add(self, other: "Score") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def false_a_week(self) -> float:
        """Over 50 series."""
        return self.false / self.weeks * 50

    @property
    def share(self) -> float | None:
        return self.found / self.spikes if self.spikes else None

    @property
    def mean_delay(self) -> float | None:
        seen = self.found + self.found_late
        return self.delay / seen if seen else None


Scores = dict[str, Score]


def false_alarms(kind: Kind, weeks: int, seed: int) -> Scores:
    """Alarms on a series in which nothing was injected."""
    series = quiet(kind, weeks, np.random.default_rng(seed))
    return {
        name: Score(false=sum(began >= LEARNT for began, _ in detect(series)), weeks=weeks - LEARNT / A_WEEK)
        for name, detect in DETECTORS.items()
    }


def detections(kind: Kind, factor: float, weeks: int, seed: int) -> Scores:
    """Spikes of one factor, about one a day, where the series has at least 30 tickets (or what its kind has)."""
    tickets = quiet(kind, weeks, np.random.default_rng(seed)).tickets
    injected = list(_places(tickets >= min(ENOUGH, kind.least), factor, np.random.default_rng((seed, 1))))
    series = with_spikes(kind, weeks, injected, np.random.default_rng(seed))
    return {name: _scored([began for began, _ in detect(series)], injected) for name, detect in DETECTORS.items()}


def _places(enough: NDArray[np.bool_], factor: float, rng: np.random.Generator) -> Iterable[Injected]:
    window = LEARNT + 50
    while window < enough.size - 100:
        if enough[window]:
            yield Injected(window, int(rng.choice(LENGTHS)), factor)
            window += A_DAY
        window += 1 + int(rng.integers(0, 60))


def _scored(began: list[int], injected: list[Injected]) -> Score:
    score = Score(spikes=len(injected))
    for spike in injected:
        delays = [window - spike.start for window in began if 0 <= window - spike.start < spike.length]
        if delays:
            score.delay += delays[0]
            score.found += delays[0] < WITHIN
            score.found_late += delays[0] >= WITHIN
    return score


@dataclass(frozen=True)
class Task:
    """One series to simulate, quiet when there is no factor."""

    kind: int
    factor: float | None
    number: int
    weeks: int
    seed: int

    def run(self) -> Scores:
        kind = KINDS[self.kind]
        # The same series under each factor.
        seed = crc32(f"{self.seed} {kind.name} {self.number}".encode())
        if self.factor is None:
            return false_alarms(kind, self.weeks, seed)
        return detections(kind, self.factor, self.weeks, seed)


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tests.spikes", description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--series", type=int, default=5, help="of each kind (5, which makes 50)")
    arguments.add_argument("--weeks", type=int, default=7, help="of each series, three of them to learn (7)")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--plots", type=Path, help="a folder to write pictures to")
    options = arguments.parse_args()
    console = Console(width=WIDTH)
    tasks = [
        Task(kind, factor, number, options.weeks, options.seed)
        for factor in (None, *FACTORS)
        for kind in range(len(KINDS))
        for number in range(options.series)
    ]
    scores: dict[tuple[str, float | None], Scores] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for task, found in zip(tasks, pool.map(Task.run, tasks), strict=True):
            cell = scores.setdefault((KINDS[task.kind].name, task.factor), {name: Score() for name in DETECTORS})
            for name, score in found.items():
                cell[name].add(score)
    console.print(_table("False alarms a week over 50 quiet series", scores, (None,), lambda score: score.false_a_week))
    for factor in FACTORS:
        title = f"Spikes of {factor:g} times found within {WITHIN} windows, and the delay in windows"
        console.print(_table(title, scores, (factor,), lambda score: score.share, lambda score: score.mean_delay))
    _keep(scores, options)
    if options.plots:
        write_plots(options.plots, options.seed)


Figure = Callable[[Score], float | None]


def _table(
    title: str, scores: dict[tuple[str, float | None], Scores], factors: tuple[float | None, ...], *figures: Figure
) -> Table:
    table = Table("series", *DETECTORS, title=title)
    all_of = {name: Score() for name in DETECTORS}
    for (kind, factor), cell in scores.items():
        if factor in factors:
            table.add_row(kind, *(_shown(cell[name], figures) for name in DETECTORS))
            for name, score in cell.items():
                all_of[name].add(score)
    table.add_section()
    table.add_row("all", *(_shown(all_of[name], figures) for name in DETECTORS))
    return table


def _shown(score: Score, figures: tuple[Figure, ...]) -> str:
    return " / ".join("-" if (value := figure(score)) is None else f"{value:.2f}" for figure in figures)


def _keep(scores: dict[tuple[str, float | None], Scores], options: argparse.Namespace) -> None:
    folder = Path(".local/bench")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"series": kind, "factor": factor, "detector": name, **vars(score)}
        for (kind, factor), cell in scores.items()
        for name, score in cell.items()
    ]
    (folder / "spikes.json").write_text(
        json.dumps({"seed": options.seed, "weeks": options.weeks, "rows": rows}, indent=1)
    )


if __name__ == "__main__":
    main()
