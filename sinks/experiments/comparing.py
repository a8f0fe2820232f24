"""Each arm against the control, ticket by ticket in the order in which their outcomes were settled. Pure.

All looks are taken that could have been: one after each ticket. So what is told at a moment follows from the tickets
and the moment alone; whether anybody looked before, and how often, cannot be seen from it, and what was once decided
stays.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from schemas.experiments import Measured, MetricName
from sinks.experiments.metrics import METRICS, Metric
from sinks.experiments.sequential import Interval, Sums, difference, interval, log_ratio, p_value
from sinks.experiments.tickets import Settled

# better, worse: the difference is. small: it is not as much better as would matter. These are certain; "" is open yet.
Found = Literal["", "better", "worse", "small"]
# So many points of a plot are kept.
POINTS: Final = 120


class Look(NamedTuple):
    """What was known after a ticket: when (Unix milliseconds), the difference and its interval."""

    at: int
    difference: float
    low: float
    high: float


class Comparison(NamedTuple):
    """An arm against the control in one metric. `looks` are the looks at which something was known, thinned out;
    `found` is what was certain first, at `found_at` (Unix milliseconds). `p` is valid at every look.
    """

    metric: MetricName
    arm: str
    alpha: float
    number: int
    of_control: int
    mean: float | None
    control_mean: float | None
    last: Look | None
    looks: tuple[Look, ...]
    p: float
    found: Found
    found_at: int
    # Certain: the arm is not worse by as much as would matter.
    is_safe: bool


def compare(
    tickets: Sequence[Settled], arm: str, control: str, wanted: Measured, alpha: float, takes: Callable[[int], bool]
) -> Comparison:
    """`tickets` are settled, in that order; `takes` tells whether both arms took tickets at a time, for a ticket of a
    time when only one did is compared with nothing. `alpha` is this comparison's own.
    """
    following = _Following(METRICS[wanted.metric], wanted, alpha)
    for ticket in tickets:
        if ticket.arm in (arm, control) and takes(ticket.opened):
            following.add(ticket, of_control=ticket.arm == control)
    return following.comparison(arm)


class _Following:
    def __init__(self, metric: Metric, wanted: Measured, alpha: float) -> None:
        self._metric, self._wanted, self._alpha = metric, wanted, alpha
        self._arm, self._control = Sums(), Sums()
        self._looks: list[Look] = []
        self._highest = 0.0
        self._found: Found = ""
        self._found_at = 0
        self._is_safe = False

    def add(self, ticket: Settled, *, of_control: bool) -> None:
        value = self._metric.value(ticket)
        if value is None:
            return
        (self._control if of_control else self._arm).add(value)
        estimate = difference(self._arm, self._control, is_share=self._metric.is_share)
        if estimate is None:
            return
        tau = self._wanted.smallest
        self._highest = max(self._highest, log_ratio(estimate, tau))
        bounds = interval(estimate, tau, self._alpha)
        self._looks.append(Look(ticket.settled, estimate.difference, *bounds))
        better = bounds if self._wanted.better == "up" else Interval(-bounds.high, -bounds.low)
        self._is_safe = self._is_safe or better.low > -tau
        found = _found(better, tau)
        # What is not better by as much as matters may still turn out to be worse.
        if (not self._found and found) or (self._found == "small" and found == "worse"):
            self._found, self._found_at = found, ticket.settled

    def comparison(self, arm: str) -> Comparison:
        number, of_control = self._arm.number, self._control.number
        return Comparison(
            metric=self._wanted.metric,
            arm=arm,
            alpha=self._alpha,
            number=number,
            of_control=of_control,
            mean=self._arm.mean if number else None,
            control_mean=self._control.mean if of_control else None,
            last=self._looks[-1] if self._looks else None,
            looks=_thinned(self._looks),
            p=p_value(self._highest),
            found=self._found,
            found_at=self._found_at,
            is_safe=self._is_safe,
        )


def _found(better: Interval, smallest: float) -> Found:
    """What an interval of "so much better" shows for certain."""
    if better.low > 0:
        return "better"
    if better.high < 0:
        return "worse"
    return "small" if better.high < smallest else ""


def _thinned(looks: Sequence[Look]) -> tuple[Look, ...]:
    """Even steps of the number of tickets, the last one too."""
    if len(looks) <= POINTS:
        return tuple(looks)
    step = (len(looks) - 1) / (POINTS - 1)
    return tuple(looks[round(step * number)] for number in range(POINTS))
