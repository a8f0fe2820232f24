"""A figure over time with its interval, as SVG. Pure; colours are classes of the page's stylesheet."""

from html import escape
from typing import Final

from sinks.reports.drawing import WIDTH
from sinks.reports.figures_in_words import written
from sinks.reports.model import Band, Unit

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 12, 26
_TALL: Final = 220
# The first intervals are so wide that nothing else could be seen beside them: they run out of the picture.
_SEEN: Final = 2.5


def band_svg(band: Band, key: str) -> str:
    """The band as an <svg> with a title and a description. `key` makes its ids unique in a page."""
    drawn = "".join(_drawn(band)) if band.points else ""
    return (
        f'<svg viewBox="0 0 {WIDTH} {_TALL}" role="img" aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(band.title)}</title>'
        f'<desc id="{key}-desc">{escape(band.summary)}</desc>'
        f"{drawn}</svg>"
    )


def _drawn(band: Band) -> list[str]:
    points, (low, high) = band.points, _reach(band)
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()

    def x(at: float) -> float:
        return _LEFT + (at - first) / ((last - first) or 1.0) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return _TOP + (high - inside) / (high - low) * (_TALL - _TOP - _BOTTOM)

    upper = [f"{x(each.at.timestamp()):.1f},{y(each.high):.1f}" for each in points]
    lower = [f"{x(each.at.timestamp()):.1f},{y(each.low):.1f}" for each in reversed(points)]
    middle = [f"{x(each.at.timestamp()):.1f},{y(each.value):.1f}" for each in points]
    drawn = [f'<polygon class="band" points="{" ".join(upper + lower)}"/>']
    for value in (0.0, *(value for _, value in band.lines)):
        kind = "zero" if value == 0 else "mark"
        height = y(value)
        said = "0" if value == 0 else _signed(value, band.unit)
        drawn.append(f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        drawn.append(f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{escape(said)}</text>')
    drawn.append(f'<polyline class="line" points="{" ".join(middle)}"/>')
    for at, anchor in ((points[0].at, "start"), (points[-1].at, "end")):
        drawn.append(f'<text x="{x(at.timestamp()):.1f}" y="{_TALL - 8}" text-anchor="{anchor}">{at:%-d %b}</text>')
    return drawn


def _reach(band: Band) -> tuple[float, float]:
    """From where to where is drawn."""
    last = band.points[-1]
    farthest = max(
        (last.high - last.low) * _SEEN / 2 + abs(last.value), *(abs(value) * 1.3 for _, value in band.lines), 1e-12
    )
    return -farthest, farthest


def _signed(value: float, unit: Unit) -> str:
    return f"{'+' if value > 0 else '−'}{written(abs(value), unit)}"
