"""Totals of a tumbling window: of one source partition (partial) and of all of them (aggregate)."""

from collections.abc import Hashable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from schemas.durations import Histogram, quantile

Name = TypeVar("Name", bound=Hashable)

# The score is counted in hundredths: whole numbers add up to the same sum in any order.
HUNDREDTHS = 100
NO_SCORE = -1


class Totals(msgspec.Struct, frozen=True, array_like=True):
    """What adds up: counts, sums, a minimum and a maximum, so the totals of two disjoint sets of events merge exactly.

    `events` counts all of them, `scored` the customers' texts; the five labels add up to `scored`. Scores are in
    hundredths of a point, 0 to 1000; `score_min` and `score_max` are NO_SCORE while nothing was scored. `satisfaction`
    is the sum of `ratings` ratings. `tickets` are the distinct tickets of the events. `emotions` and `urgencies` count
    what was read from the customers' texts, by name.

    `response_times` are those from a ticket's first event to the first reply of an agent, in the window of the reply;
    `resolution_times` those from its first event to each of its resolutions. `responded_in_time` and `resolved_in_time`
    are how many of them kept their target. `reopened` counts tickets that were closed and are open again.
    """

    events: int = 0
    scored: int = 0
    very_negative: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    very_positive: int = 0
    score_sum: int = 0
    score_min: int = NO_SCORE
    score_max: int = NO_SCORE
    escalations: int = 0
    resolved: int = 0
    ratings: int = 0
    satisfaction: int = 0
    tickets: int = 0
    reopened: int = 0
    responded_in_time: int = 0
    resolved_in_time: int = 0
    emotions: dict[str, int] = {}
    urgencies: dict[str, int] = {}
    response_times: Histogram = {}
    resolution_times: Histogram = {}

    def __add__(self, other: "Totals") -> "Totals":
        scored_both = self.scored and other.scored
        return Totals(
            self.events + other.events,
            self.scored + other.scored,
            self.very_negative + other.very_negative,
            self.negative + other.negative,
            self.neutral + other.neutral,
            self.positive + other.positive,
            self.very_positive + other.very_positive,
            self.score_sum + other.score_sum,
            min(self.score_min, other.score_min) if scored_both else max(self.score_min, other.score_min),
            max(self.score_max, other.score_max),
            self.escalations + other.escalations,
            self.resolved + other.resolved,
            self.ratings + other.ratings,
            self.satisfaction + other.satisfaction,
            self.tickets + other.tickets,
            self.reopened + other.reopened,
            self.responded_in_time + other.responded_in_time,
            self.resolved_in_time + other.resolved_in_time,
            _sum(self.emotions, other.emotions),
            _sum(self.urgencies, other.urgencies),
            _sum(self.response_times, other.response_times),
            _sum(self.resolution_times, other.resolution_times),
        )


# The fields that are counts by name or bucket, and those that are counts and sums: all others but the minimum and the
# maximum.
COUNTS_BY = ("emotions", "urgencies", "response_times", "resolution_times")
SUMS = tuple(name for name in Totals.__struct_fields__ if name not in ("score_min", "score_max", *COUNTS_BY))


def _sum(one: dict[Name, int], other: dict[Name, int]) -> dict[Name, int]:
    """The counts of both, without those that are 0: totals are equal when they say the same."""
    if not other:
        return one
    if not one:
        return other
    both = one | {name: one.get(name, 0) + count for name, count in other.items()}
    return both if all(both.values()) else {name: count for name, count in both.items() if count}


class WindowKey(msgspec.Struct, frozen=True, array_like=True):
    """One cell: `size` in seconds, `start` in Unix seconds (a multiple of `size`), and a dimension's value ("" for
    overall).
    """

    tenant: str
    size: int
    start: int
    dimension: str
    value: str

    @property
    def end(self) -> int:
        """The first second that is no longer inside."""
        return self.start + self.size

    def encode(self) -> bytes:
        """The key's bytes on topics and in state: equal keys, equal bytes."""
        return _key_encoder.encode(self)


def home(tenant: str, size: int) -> bytes:
    """The key under which a tenant's windows of one size travel to `trends`: all of a series, and what it is a share
    of, meet in one partition.
    """
    return _key_encoder.encode((tenant, size))


class WindowPartial(msgspec.Struct, frozen=True, tag="partial"):
    """The running total (not a difference) that one source partition has for one window."""

    source: int
    key: WindowKey
    totals: Totals


class Watermark(msgspec.Struct, frozen=True, tag="watermark"):
    """`source` of `sources` partitions has seen everything up to `time` (Unix milliseconds), lateness apart."""

    source: int
    sources: int
    time: int


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One customer's text as an example of its window: `at` in Unix seconds, `score` in hundredths or NO_SCORE.

    `rank` is a hash of the event's id: whoever keeps those with the lowest ranks keeps a fair sample.
    """

    rank: int
    at: int
    ticket_id: str
    channel: str
    category: str
    score: int
    phrases: tuple[str, ...]


class Samples(msgspec.Struct, frozen=True, tag="samples"):
    """Examples of what a tenant's customers wrote in the last second or so."""

    tenant: str
    samples: tuple[Sample, ...]


class Unseen(msgspec.Struct, frozen=True, tag="unseen"):
    """What `score` found in texts of one hour (`start`, Unix seconds), to be added up: how many texts, and the sum of
    their shares of words that the model, of that version, never saw in training.
    """

    tenant: str
    start: int
    model: str
    texts: int
    share: float


class WindowAggregate(msgspec.Struct, kw_only=True, frozen=True):
    """A window over all source partitions. `revision` rises with each change; `final` says that every watermark has
    passed it.

    Rates are of the totals beside them: `negative_share` = (very_negative + negative) / scored, `escalation_rate` =
    escalations / scored, `score_avg` in points (0 to 10); None where the denominator is 0. The quantiles are seconds,
    within 2 %; None where nothing was answered or resolved.
    """

    tenant: str
    size: int
    start: datetime
    end: datetime
    dimension: str
    value: str
    revision: int
    final: bool
    totals: Totals
    negative_share: float | None
    escalation_rate: float | None
    score_avg: float | None
    satisfaction_avg: float | None
    response_p50: float | None = None
    response_p95: float | None = None
    resolution_p50: float | None = None
    resolution_p95: float | None = None


def aggregate(key: WindowKey, totals: Totals, revision: int, *, final: bool) -> WindowAggregate:
    """The record that people see: the totals with the rates that follow from them."""
    scored = totals.scored
    return WindowAggregate(
        tenant=key.tenant,
        size=key.size,
        start=_time(key.start),
        end=_time(key.end),
        dimension=key.dimension,
        value=key.value,
        revision=revision,
        final=final,
        totals=totals,
        negative_share=(totals.very_negative + totals.negative) / scored if scored else None,
        escalation_rate=totals.escalations / scored if scored else None,
        score_avg=totals.score_sum / HUNDREDTHS / scored if scored else None,
        satisfaction_avg=totals.satisfaction / totals.ratings if totals.ratings else None,
        response_p50=quantile(totals.response_times, 0.5),
        response_p95=quantile(totals.response_times, 0.95),
        resolution_p50=quantile(totals.resolution_times, 0.5),
        resolution_p95=quantile(totals.resolution_times, 0.95),
    )


# The windows of one time are told together.
@lru_cache(maxsize=1_000)
def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_key_encoder = msgspec.msgpack.Encoder()
_key_decoder = msgspec.msgpack.Decoder(WindowKey)
_encoder = msgspec.json.Encoder()
_message_decoder: msgspec.json.Decoder[WindowPartial | Watermark | Samples | Unseen] = msgspec.json.Decoder(
    WindowPartial | Watermark | Samples | Unseen
)
_aggregate_decoder = msgspec.json.Decoder(WindowAggregate)


# Open windows come again and again, with each change and each look for those that are done with.
@lru_cache(maxsize=10_000)
def decode_key(raw: bytes) -> WindowKey:
    """The inverse of `WindowKey.encode`."""
    return _key_decoder.decode(raw)


def encode(record: Any) -> bytes:
    """JSON of any record of this module."""
    return _encoder.encode(record)


def decode_partial(value: bytes) -> WindowPartial | Watermark | Samples | Unseen:
    """Read one record of the partials topic."""
    return _message_decoder.decode(value)


def decode_aggregate(value: bytes) -> WindowAggregate:
    """Read one record of the windows topic."""
    return _aggregate_decoder.decode(value)
