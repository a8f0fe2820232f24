"""Hours of a support desk, drawn from seeds: busy mornings, quiet nights and weekends, moods that follow the clock,
days that are better or worse than others; and shifts that are planted.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from streams.spikes.measures import Reading

HOUR: Final = 3600
# A Monday at midnight, UTC.
MONDAY: Final = 1_794_787_200


class Desk(NamedTuple):
    """`texts` an hour on average; points that mornings and weekends differ by; the standard deviations of a text, and
    of what all texts of a day and of an hour have in common.
    """

    texts: float = 60.0
    rhythm: float = 0.8
    weekend: float = 0.5
    text_sd: float = 2.2
    day_sd: float = 0.0
    hour_sd: float = 0.1


def scores(desk: Desk, weeks: int, seed: int, shift: float = 0.0, shifted_at: int = 0) -> Iterator[tuple[int, Reading]]:
    """Each hour with the sum and the number of its scores, from 6 points on; `shift` is added from that hour on."""
    draw = np.random.default_rng(seed)
    day_level = 0.0
    for hour in range(weeks * 168):
        of_day, weekday = hour % 24, hour // 24 % 7
        if of_day == 0:
            day_level = draw.normal(0, desk.day_sd)
        busy = 1 + 0.8 * math.sin((of_day - 8) / 24 * 2 * math.pi)
        volume = draw.poisson(desk.texts * busy * (0.4 if weekday >= 5 else 1.0))
        level = 6 + desk.rhythm * math.cos((of_day - 7) / 24 * 2 * math.pi) - desk.weekend * (weekday >= 5)
        level += day_level + draw.normal(0, desk.hour_sd) + (shift if hour >= shifted_at else 0.0)
        total = volume * level + draw.normal(0, desk.text_sd * math.sqrt(volume)) if volume else 0.0
        yield MONDAY + hour * HOUR, Reading(float(total), float(volume))


def shares(
    desk: Desk, share: float, weeks: int, seed: int, shift: float = 0.0, shifted_at: int = 0
) -> Iterator[tuple[int, Reading]]:
    """Each hour with the number of texts of a class, and of all."""
    draw = np.random.default_rng(seed)
    for hour in range(weeks * 168):
        of_day, weekday = hour % 24, hour // 24 % 7
        busy = 1 + 0.8 * math.sin((of_day - 8) / 24 * 2 * math.pi)
        volume = int(draw.poisson(desk.texts * busy * (0.4 if weekday >= 5 else 1.0)))
        chance = share * (1 + 0.25 * math.cos((of_day - 7) / 24 * 2 * math.pi)) + (shift if hour >= shifted_at else 0.0)
        chance = min(max(chance + draw.normal(0, 0.01), 0.001), 0.999)
        yield MONDAY + hour * HOUR, Reading(float(draw.binomial(volume, chance)), float(volume))
