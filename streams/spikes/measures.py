"""What is watched: the measures, and what a window says of each."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from schemas.alerts import Measure
from schemas.windows import HUNDREDTHS, Totals

# How a measure varies: a count by itself, a share of something that is counted, or a mean.
Family = Literal["count", "share", "mean"]

MEASURES: Final[dict[Measure, Family]] = {
    "volume": "count",
    "very_negative": "count",
    "negative_share": "share",
    "escalation_rate": "share",
    "score": "mean",
    "category_share": "share",
}


class Reading(NamedTuple):
    """What a window says of one measure: `amount` of `exposure`.

    Of a count: the count, of 1 window. Of a share: how many, of how many. Of a mean: the sum, of how many values.
    """

    amount: float
    exposure: float


def readings_of(totals: Totals, whole: Totals | None = None) -> Iterator[tuple[Measure, Reading]]:
    """Each measure of a window. With the totals of `whole`, all the tenant's events, also the share of it."""
    scored = float(totals.scored)
    yield "volume", Reading(totals.events, 1.0)
    yield "very_negative", Reading(totals.very_negative, 1.0)
    yield "negative_share", Reading(totals.very_negative + totals.negative, scored)
    # A ticket may escalate at an agent's word or at a tick, so there may be more escalations than scored texts.
    yield "escalation_rate", Reading(min(totals.escalations, totals.scored), scored)
    yield "score", Reading(totals.score_sum / HUNDREDTHS, scored)
    if whole is not None:
        yield "category_share", Reading(totals.events, float(whole.events))
