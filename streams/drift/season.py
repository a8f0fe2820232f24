"""What an hour of the week is usually above or below the level, so that morning and weekend are no drift."""

from typing import Final

import msgspec

from streams.spikes.measures import Reading

HOURS: Final = 168
_HOUR: Final = 3600
_DAY_HOURS: Final = 24
# What an hour of the week weighs after a week: half after three of them.
KEPT: Final = 0.5 ** (1 / 3)
# That hour of all days weighs as much as so many texts of the hour itself, and the level as so many of that.
SHRINKAGE: Final = 20.0


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """How far an hour of the week was above the level, added up over `exposure` texts; both fade."""

    above: float = 0.0
    exposure: float = 0.0


class Season(msgspec.Struct, frozen=True, array_like=True):
    """A slot for each hour of the week, in UTC."""

    slots: tuple[Slot, ...] = (Slot(),) * HOURS


def learn(season: Season, at: int, reading: Reading, level: float) -> Season:
    """The season after the hour that began at `at` (Unix seconds), in which the level was `level`."""
    place = at // _HOUR % HOURS
    slot = season.slots[place]
    above = reading.amount - level * reading.exposure
    learnt = Slot(slot.above * KEPT + above, slot.exposure * KEPT + reading.exposure)
    return Season((*season.slots[:place], learnt, *season.slots[place + 1 :]))


def deviation(season: Season, at: int) -> float:
    """How far the hour that begins at `at` is usually above the level. Over the texts of a week these are 0 on the
    whole, so that a level that has changed is never taken for a season.
    """
    place = at // _HOUR % HOURS
    level = mean(season)
    days = [season.slots[(place + day) % HOURS] for day in range(0, HOURS, _DAY_HOURS)]
    exposure = sum(slot.exposure for slot in days)
    daily = (sum(slot.above for slot in days) - level * exposure) / (exposure + SHRINKAGE)
    own = days[0]
    return (own.above - level * own.exposure + SHRINKAGE * daily) / (own.exposure + SHRINKAGE)


def mean(season: Season) -> float:
    """How far the whole week was above the level."""
    exposure = sum(slot.exposure for slot in season.slots)
    return sum(slot.above for slot in season.slots) / exposure if exposure else 0.0


def raised(season: Season, by: float) -> Season:
    """The same season, told from a level that is higher by so much."""
    return Season(tuple(Slot(slot.above - by * slot.exposure, slot.exposure) for slot in season.slots))
