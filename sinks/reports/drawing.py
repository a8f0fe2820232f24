"""Charts as SVG: columns side by side and bars along the page. Pure; colours are classes of the page's stylesheet.

A chart is drawn for half a page or a whole phone: 480 units wide, so its words can be read on both.
"""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

from sinks.reports.figures_in_words import written
from sinks.reports.model import Bar, Chart

WIDTH: Final = 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 26
_TALL: Final = 190
_ROW: Final = 36
_LABELS: Final = 7
_LABEL_CHARS: Final = 44


def svg(chart: Chart, key: str) -> str:
    """A chart as an <svg> with a title and a description. `key` makes its ids unique in a page."""
    drawn, height = (_columns(chart.bars), _TALL) if chart.form == "columns" else _bars(chart.bars)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(chart.title)}</title>'
        f'<desc id="{key}-desc">{escape(chart.summary)}</desc>'
        f"{''.join(drawn)}</svg>"
    )


def ticks(highest: float, most: int = 4) -> tuple[float, ...]:
    """Round figures from 0 to at least `highest`: steps of 1, 2 or 5 times a power of ten."""
    if highest < 1:
        return (0.0, 1.0)
    rough = highest / most
    power = 10.0 ** floor(log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))
    # Counts have no halves.
    step = max(step, 1.0)
    return tuple(step * number for number in range(ceil(highest / step - 1e-9) + 1))


def total(bar: Bar) -> float:
    """How long it is."""
    return sum(size for _, size in bar.parts)


def _columns(bars: Sequence[Bar]) -> list[str]:
    marks = ticks(max(map(total, bars), default=0))
    tall = _TALL - _TOP - _BOTTOM
    drawn = list(_rules(marks, tall))
    slot = (WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    wide = min(slot * 0.78, 44)
    every = ceil(len(bars) / _LABELS)
    for place, bar in enumerate(bars):
        middle = _LEFT + slot * (place + 0.5)
        top = float(_TOP + tall)
        said = f"<title>{escape(bar.label)}: {written(total(bar), 'count')}</title>"
        parts = []
        for tone, size in bar.parts:
            high = size / marks[-1] * tall
            top -= high
            if size:
                parts.append(
                    f'<rect class="tone-{tone}" x="{middle - wide / 2:.1f}" y="{top:.1f}" '
                    f'width="{wide:.1f}" height="{high:.1f}"/>'
                )
        drawn.append(f"<g>{said}{''.join(parts)}</g>")
        if place % every == 0:
            drawn.append(f'<text x="{middle:.1f}" y="{_TALL - 8}" text-anchor="middle">{escape(bar.label)}</text>')
    return drawn


def _rules(marks: Sequence[float], tall: float) -> Iterator[str]:
    for mark in marks:
        y = _TOP + tall * (1 - mark / marks[-1])
        yield f'<line class="rule" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{written(mark, "count")}</text>'


def _bars(bars: Sequence[Bar]) -> tuple[list[str], int]:
    longest = max(map(total, bars), default=0) or 1.0
    drawn = []
    for place, bar in enumerate(bars):
        y = place * _ROW
        said = written(total(bar), "count")
        drawn.append(f'<text class="name" x="0" y="{y + 14}">{escape(_cut(bar.label))}</text>')
        drawn.append(f'<text x="{WIDTH}" y="{y + 14}" text-anchor="end">{said}</text>')
        drawn.append(f'<rect class="track" x="0" y="{y + 20}" width="{WIDTH}" height="9" rx="2"/>')
        x = 0.0
        for tone, size in bar.parts:
            wide = size / longest * WIDTH
            if size:
                drawn.append(
                    f'<rect class="tone-{tone}" x="{x:.1f}" y="{y + 20}" width="{max(wide, 1):.1f}" height="9"/>'
                )
            x += wide
    return drawn, max(len(bars), 1) * _ROW


def _cut(label: str) -> str:
    return label if len(label) <= _LABEL_CHARS else f"{label[: _LABEL_CHARS - 1]}…"


_SPARKS: Final = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """Eight heights, the highest of all is the last of them; for text."""
    highest = max(values, default=0)
    if highest < 1:
        return _SPARKS[0] * len(values)
    return "".join(_SPARKS[min(int(value / highest * len(_SPARKS)), len(_SPARKS) - 1)] for value in values)
