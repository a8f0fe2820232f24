"""One series of hours, watched for drift: a level that has changed for good, and by enough to matter.

Hours are put together to blocks of LEAST_TEXTS texts or more, so that hours at night do not weigh as much as busy ones.
Of a block counts how far it is above what its hours of the week usually are; ADWIN watches these values.
"""

from typing import Final, NamedTuple

import msgspec

from streams.drift import adwin, season
from streams.drift.adwin import Change, Window
from streams.drift.season import Season
from streams.spikes.measures import Reading

# Before so much is learnt of the week nothing is judged.
LEARNT_SECONDS: Final = 14 * 86_400
LEAST_TEXTS: Final = 10.0


class Scale(NamedTuple):
    """Of a measure: how far from the level a block counts at most, and how far a level must have moved to matter."""

    reach: float
    matters: float


SHARE: Final = Scale(0.1, 0.03)
POINTS: Final = Scale(1.0, 0.25)


class DriftRules(NamedTuple):
    """`size` of the windows in seconds. `chance` is ADWIN's δ. An alert lasts for `lasts` seconds at most."""

    size: int = 3600
    chance: float = 1e-4
    lasts: int = 7 * 86_400


HOURLY: Final = DriftRules()


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Hours that wait to be a block: how much there was, without what is usual of their hours of the week."""

    start: int = 0
    amount: float = 0.0
    exposure: float = 0.0


class Series(msgspec.Struct, frozen=True, array_like=True):
    """`since` is the start of its first hour (Unix seconds). `level` is what values are told from, `told` the level
    that people know of; both are None until enough was learnt. `source` is what the figures were made by.
    """

    since: int
    season: Season = Season()
    level: float | None = None
    told: float | None = None
    block: Block = Block()
    window: Window = Window()
    source: str = ""


class Finding(NamedTuple):
    """A level that has changed: from, to, since when (Unix seconds), in how many texts, and by how little chance."""

    before: float
    after: float
    since: int
    texts: float
    probability: float


def close(series: Series, at: int, reading: Reading, scale: Scale, rules: DriftRules) -> tuple[Series, Finding | None]:
    """Take an hour that is final: each once and in order; one without texts changes nothing."""
    if reading.exposure <= 0:
        return series, None
    if series.level is None:
        return _learn(series, at, reading), None
    usual = season.deviation(series.season, at)
    block = Block(
        series.block.start or at,
        series.block.amount + reading.amount - usual * reading.exposure,
        series.block.exposure + reading.exposure,
    )
    after = msgspec.structs.replace(series, season=season.learn(series.season, at, reading, series.level), block=block)
    return _judge(after, series.level, scale, rules) if block.exposure >= LEAST_TEXTS else (after, None)


def _learn(series: Series, at: int, reading: Reading) -> Series:
    learnt = season.learn(series.season, at, reading, 0.0)
    if at - series.since < LEARNT_SECONDS:
        return msgspec.structs.replace(series, season=learnt)
    level = season.mean(learnt)
    return msgspec.structs.replace(series, season=season.raised(learnt, level), level=level, told=level)


def _judge(series: Series, level: float, scale: Scale, rules: DriftRules) -> tuple[Series, Finding | None]:
    block = series.block
    rate = block.amount / block.exposure
    value = min(max((rate - level) / (2 * scale.reach) + 0.5, 0.0), 1.0)
    window = adwin.add(series.window, value, rate, block.exposure, block.start)
    change = adwin.find_change(window, rules.chance)
    after = msgspec.structs.replace(series, window=window, block=Block())
    return (after, None) if change is None else _changed(after, change, scale)


def _changed(series: Series, change: Change, scale: Scale) -> tuple[Series, Finding | None]:
    """Begin anew at the new level. It is told when it is far enough from the one that people know of: many small steps
    are told as well.
    """
    level, told = change.after.mean, series.told
    anew = msgspec.structs.replace(series, level=level, window=Window())
    if told is None or abs(level - told) < scale.matters:
        return anew, None
    finding = Finding(told, level, change.after.start, change.after.weight, change.probability)
    return msgspec.structs.replace(anew, told=level), finding
