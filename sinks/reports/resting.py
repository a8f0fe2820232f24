"""What findings are made of: figures with their intervals, and how certain a threshold is passed. Pure."""

from typing import Final

from sinks.reports.intervals import Counted, Interval, of_share
from sinks.reports.model import Figure, Level

# Of fewer tickets a share says nothing that a list of them would not say better.
FEW: Final = 20
TICKETS: Final = 8


def share_of(name: str, counted: Counted, before: Counted | None = None) -> Figure:
    """A share with its interval, beside the one before."""
    interval = of_share(counted)
    return Figure(
        name=name,
        value=counted.share,
        unit="share",
        low=interval.low,
        high=interval.high,
        before=before.share if before else None,
    )


def count_of(name: str, number: float, before: float | None = None) -> Figure:
    """A number, beside the one before."""
    # Where nothing was before, nothing has changed.
    return Figure(name=name, value=number, unit="count", before=before or None)


def chance(level: Level) -> str:
    """What is added to something that may be chance."""
    return "" if level == "act" else " With so few tickets that may be chance: look again in the next report."


def level_of(interval: Interval, threshold: float) -> Level:
    """Whether all of an interval lies beyond a threshold."""
    return "act" if interval.low > threshold else "watch"


def beyond(counted: Counted, threshold: float) -> Interval | None:
    """The interval of a share that is beyond a threshold, of enough to say so."""
    share = counted.share
    return of_share(counted) if share is not None and share > threshold and counted.among >= FEW else None
