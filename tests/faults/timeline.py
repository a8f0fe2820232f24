"""How far everybody was at each moment, and how long it took to catch up after a fault."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka.errors import KafkaError

from tests.soak.cluster import READ, Cluster

_SAMPLE_SECONDS = 0.5
_ANSWER_SECONDS = 5.0


class Place(NamedTuple):
    """Each partition's committed offset and the end of its input."""

    committed: Sequence[int]
    ends: Sequence[int]


class Sample(NamedTuple):
    """Where each stage and the sink were at a time (Unix seconds)."""

    at: float
    places: Mapping[str, Place]


async def follow(cluster: Cluster, samples: list[Sample]) -> None:
    """Append two samples a second; none while the broker does not answer. For ever."""
    while True:
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            samples.append(await take_sample(cluster))
        await asyncio.sleep(_SAMPLE_SECONDS)


async def take_sample(cluster: Cluster) -> Sample:
    """Where everybody is now. Raises KafkaError or TimeoutError when the broker does not say."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        # Positions first: what is committed is never ahead of an end that is asked for later.
        committed = {reader: await cluster.committed(reader) for reader in READ}
        ends = {reader: await cluster.ends(reader) for reader in READ}
    return Sample(time.time(), {reader: Place(committed[reader], ends[reader]) for reader in READ})


def seconds_to_catch_up(samples: Iterable[Sample], readers: Iterable[str], since: float) -> float | None:
    """How long it took after a time (Unix seconds) until each reader had committed all that there was at that time;
    None when the samples do not show it.
    """
    later = [sample for sample in samples if sample.at >= since]
    if not later:
        return None
    goals = {reader: later[0].places[reader].ends for reader in readers}
    for sample in later:
        if all(_has_reached(sample.places[reader], goal) for reader, goal in goals.items()):
            return sample.at - since
    return None


def _has_reached(place: Place, goal: Sequence[int]) -> bool:
    return all(committed >= end for committed, end in zip(place.committed, goal, strict=True))
