"""Plots as SVG, drawn by hand: lines, bars, cells and dots on a ruled square. Colours are the page's classes."""

from collections.abc import Sequence
from html import escape
from typing import Final

WIDTH: Final = 420
HEIGHT: Final = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 40

Point = tuple[float, float]


class Axes:
    """A plot of `x` and `y` ranges; what is added to it is given in their units."""

    def __init__(self, x: Point, y: Point, x_title: str, y_title: str, name: str) -> None:
        self._x, self._y = x, y
        self._name = name
        self._parts = [*self._rules(), *self._titles(x_title, y_title)]

    def line(self, points: Sequence[Point]) -> None:
        """A line through points."""
        path = " ".join(f"{self._across(x):.1f},{self._up(y):.1f}" for x, y in points)
        self._parts.append(f'<polyline class="line" points="{path}"/>')

    def bar(self, left: float, right: float, height: float, kind: str, title: str) -> None:
        """A bar from the bottom; `kind` is its class, `title` what it says under the pointer."""
        x, top = self._across(left), self._up(height)
        width, tall = self._across(right) - x - 1, self._up(self._y[0]) - top
        box = f'x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{tall:.1f}"'
        self._parts.append(f'<rect class="{kind}" {box}><title>{escape(title)}</title></rect>')

    def dots(self, points: Sequence[Point], title: str = "", kind: str = "dot", radius: float = 2.5) -> None:
        """A dot at each point."""
        said = f"<title>{escape(title)}</title>" if title else ""
        self._parts += [
            f'<circle class="{kind}" cx="{self._across(x):.1f}" cy="{self._up(y):.1f}" r="{radius}">{said}</circle>'
            for x, y in points
        ]

    def svg(self) -> str:
        """The whole plot."""
        name = escape(self._name)
        return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(self._parts)}</svg>'

    def _across(self, x: float) -> float:
        low, high = self._x
        return _LEFT + (x - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    def _up(self, y: float) -> float:
        low, high = self._y
        return HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    def _rules(self) -> list[str]:
        parts: list[str] = []
        for step in range(6):
            x = self._x[0] + (self._x[1] - self._x[0]) * step / 5
            y = self._y[0] + (self._y[1] - self._y[0]) * step / 5
            across, up = self._across(x), self._up(y)
            parts += [
                f'<line class="rule" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{up:.1f}" y2="{up:.1f}"/>',
                f'<text x="{across:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{x:g}</text>',
                f'<text x="{_LEFT - 6}" y="{up + 4:.1f}" text-anchor="end">{y:g}</text>',
            ]
        return parts

    def _titles(self, x_title: str, y_title: str) -> list[str]:
        middle = (HEIGHT - _BOTTOM + _TOP) / 2
        return [
            f'<text x="{(WIDTH + _LEFT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_title)}</text>',
            f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>',
        ]
