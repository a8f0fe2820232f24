"""Hours through one series, as `trends` takes them."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.drift.series import HOURLY, DriftRules, Finding, Scale, Series, close
from streams.spikes.measures import Reading


class Found(NamedTuple):
    """What was told, and at which hour (Unix seconds)."""

    at: int
    finding: Finding


def watch(hours: Iterable[tuple[int, Reading]], scale: Scale, rules: DriftRules = HOURLY) -> list[Found]:
    """All that is told of a series that begins with these hours."""
    series, found = None, []
    for at, reading in hours:
        series, finding = close(series or Series(at), at, reading, scale, rules)
        if finding is not None:
            found.append(Found(at, finding))
    return found
