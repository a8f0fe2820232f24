"""Pictures of a few days: what came, what was expected, the spikes, and when an alert fired."""

from pathlib import Path
from typing import Final

import numpy as np

from streams.spikes import MEASURES, SpikeRules, Watched, close
from streams.spikes.baseline import Learning
from tests.spikes.simulate import A_DAY, A_WEEK, BEGIN, KINDS, SIZE, Injected, Series, with_spikes

WIDTH, HEIGHT, LEFT, TOP = 960, 220, 48, 28
DAYS: Final = 3
FIRST: Final = 3 * A_WEEK
SHOWN: Final = ("volume", "negative share", "score")


def write_plots(folder: Path, seed: int) -> None:
    """One SVG for each of a few kinds of series, with a spike of 2, 3 and 5 times in the fourth week."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        if kind.name in SHOWN:
            places = (FIRST + A_DAY // 2, FIRST + A_DAY + A_DAY // 3, FIRST + 2 * A_DAY + A_DAY // 2)
            spikes = [Injected(place, 12, factor) for place, factor in zip(places, (2.0, 3.0, 5.0), strict=True)]
            series = with_spikes(kind, 4, spikes, np.random.default_rng(seed))
            name = kind.name.replace(" ", "-")
            (folder / f"spikes-{name}.svg").write_text(_picture(series, spikes), encoding="utf-8")


def _picture(series: Series, spikes: list[Injected]) -> str:
    seen, expected, firing = _followed(series)
    top = max(*seen, *expected) * 1.05
    across = (WIDTH - LEFT) / len(seen)

    def x(window: float) -> float:
        return LEFT + (window - FIRST) * across

    def y(value: float) -> float:
        return TOP + (1 - value / top) * (HEIGHT - TOP - 20)

    shades = [
        f'<rect x="{x(spike.start):.1f}" y="{TOP}" width="{spike.length * across:.1f}" height="{HEIGHT - TOP - 20}" '
        f'fill="#f4c7a1"/><text x="{x(spike.start):.1f}" y="{TOP - 4}">{spike.factor:g} x</text>'
        for spike in spikes
    ]
    alarms = [
        f'<rect x="{x(FIRST + place):.1f}" y="{HEIGHT - 16}" width="{across + 0.2:.1f}" height="8" fill="#b3261e"/>'
        for place, fires in enumerate(firing)
        if fires
    ]
    lines = [
        '<polyline fill="none" stroke="{}" stroke-width="{}" points="{}"/>'.format(
            colour, width, " ".join(f"{x(FIRST + place):.1f},{y(value):.1f}" for place, value in enumerate(values))
        )
        for colour, width, values in (("#33526e", 1, seen), ("#2a8f5b", 2, expected))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/><g font-family="sans-serif" font-size="12">'
        f'<text x="4" y="14">{series.kind.name}: seen (blue), expected (green), alert firing (red)</text>'
        f'<text x="4" y="{y(top):.0f}">{top:.2g}</text><text x="4" y="{y(0):.0f}">0</text>'
        + "".join([*shades, *lines, *alarms])
        + "</g></svg>\n"
    )


def _followed(series: Series) -> tuple[list[float], list[float], list[bool]]:
    """Of each window of the days shown: the value, the expected value, and whether an alert fires at its end."""
    learning = Learning(MEASURES[series.kind.measure], SIZE)
    watched = Watched(BEGIN)
    seen, expected, firing = [], [], []
    for window in range(FIRST + DAYS * A_DAY):
        at, reading = BEGIN + window * SIZE, series.reading(window)
        if window >= FIRST:
            seen.append(reading.amount / reading.exposure if reading.exposure else 0.0)
            expected.append(learning.outlook(watched.baseline, at).forecasts[-1].rate)
        watched, _ = close(watched, series.kind.measure, at, reading, SpikeRules(size=SIZE))
        if window >= FIRST:
            firing.append(watched.episode is not None)
    return seen, expected, firing
