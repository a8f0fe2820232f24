"""Which topic the matches of a text speak for, and how clearly."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.scoring.matcher import Hit
from streams.scoring.readings import GENERAL
from streams.scoring.taxonomy import TOPICS, place_of

PREFIX: Final = "topics."
_RANK: Final = {topic: rank for rank, topic in enumerate(TOPICS)}
_TOPIC: Final = {f"{PREFIX}{topic}": topic for topic in TOPICS}
_CATEGORY: Final = {topic: place_of(topic).category for topic in TOPICS}


class Vote(NamedTuple):
    """`confidence` is 0 to 1: the share of the winning topic's weight in all weight and half a match of doubt."""

    topic: str
    confidence: float


def topic_of(hits: Iterable[Hit]) -> str:
    """The topic for which `vote` decides."""
    return _winner(_weights(hits))


def vote(hits: Iterable[Hit]) -> Vote:
    """The category with the most weight, and within it the topic with the most; on a tie the first in the taxonomy.

    A text without a match is general, with a confidence of 0.
    """
    weights = _weights(hits)
    if not weights:
        return Vote(GENERAL, 0.0)
    best = _winner(weights)
    return Vote(best, round(weights[best] / (sum(weights.values()) + _DOUBT), 3))


def _weights(hits: Iterable[Hit]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for hit in hits:
        topic = _TOPIC.get(hit.list)
        if topic:
            weights[topic] = weights.get(topic, 0.0) + hit.weight
    return weights


def _winner(weights: Mapping[str, float]) -> str:
    if len(weights) < 2:
        return next(iter(weights), GENERAL)
    totals: dict[str, float] = {}
    for topic, weight in weights.items():
        totals[_CATEGORY[topic]] = totals.get(_CATEGORY[topic], 0.0) + weight
    return max(weights, key=lambda topic: (totals[_CATEGORY[topic]], weights[topic], -_RANK[topic]))


_DOUBT: Final = 0.5
