"""What a value looks like in a column, and what fits into one. Pure.

Values are what the client writes without converting: times are whole milliseconds since 1970 UTC, scores are texts with
two decimals, which become decimals exactly (a float would be cut: 8.29 is stored as 8.28).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from schemas.events import EARLIEST, LATEST
from schemas.windows import HUNDREDTHS
from sinks.base import Message

Columns = Mapping[str, Sequence[Any]]

OFFSET_BITS = 44
EPOCH_BITS = 20
LAST_OFFSET = (1 << OFFSET_BITS) - 1
MAX_SCORE = 10

INT32, INT64, UINT16, UINT32, UINT64 = 2**31, 2**63, 2**16, 2**32, 2**64
# By hundredths of a point, and by points.
POINTS = tuple(f"{hundredths / HUNDREDTHS:.2f}" for hundredths in range(MAX_SCORE * HUNDREDTHS + 1))
_POINTS = {hundredths / HUNDREDTHS: text for hundredths, text in enumerate(POINTS)}
# Half a millisecond earlier, so that what is cut is rounded.
_HALF_BEFORE = EARLIEST - timedelta(microseconds=500)
_LATEST = int(LATEST.timestamp()) * 1000


def by_name(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    """Rows of these fields turned to columns; columns without a row when there is none."""
    columns = list(zip(*rows, strict=True))
    return dict(zip(names, columns or [()] * len(names), strict=True))


def as_they_are(names: Sequence[str], records: Sequence[Any]) -> Columns:
    """Fields that need no conversion, one column each."""
    return {name: [getattr(record, name) for record in records] for name in names}


def newest_of_its_id(messages: Sequence[Message]) -> Columns:
    """Where a record stands in the log. Of those with one id the last stays."""
    return {**_places(messages), "version": [version(0, message.offset) for message in messages]}


def first_of_its_id(messages: Sequence[Message]) -> Columns:
    """Where a record stands in the log. Of those with one id the first stays: what was sent again happened when it was
    sent first.
    """
    return {**_places(messages), "version": [version_of_first(0, message.offset) for message in messages]}


def _places(messages: Sequence[Message]) -> Columns:
    return {
        "log_partition": [message.partition for message in messages],
        "log_offset": [message.offset for message in messages],
    }


def version(model_epoch: int, offset: int) -> int:
    """Which of two rows with one key stays: the higher model epoch, then the later record of the log; never a clock.

    The epoch fills the upper 20 of 64 bits, so that a re-analysis outranks every earlier row, whatever its offset.
    44 bits of offset last 557 years at 1,000 records a second in one partition, and a million epochs are enough to
    re-analyse every day for 2,800 years. Raises ValueError for what does not fit.
    """
    if not (0 <= model_epoch < 1 << EPOCH_BITS and 0 <= offset < 1 << OFFSET_BITS):
        raise ValueError(
            f"model epoch {model_epoch} (20 bits) and offset {offset} (44 bits) do not fit into one version"
        )
    return model_epoch << OFFSET_BITS | offset


def version_of_first(model_epoch: int, offset: int) -> int:
    """As `version`, but of one model epoch the earlier record of the log stays.

    For what the pipeline takes once and whose later copies it passes over: a copy may have another time of its append,
    by which a time that is ahead is cut. Raises ValueError for what does not fit.
    """
    return version(model_epoch, offset) ^ LAST_OFFSET


def points(scores: Sequence[float]) -> list[str]:
    """Scores, rounded to two decimals. Raises ValueError for one that is not from 0 to 10."""
    # Nearly all have two decimals: they need only be looked up.
    return [_POINTS.get(score) or _rounded(score) for score in scores]


def _rounded(score: float) -> str:
    check_score(score)
    return POINTS[round(score * HUNDREDTHS)]


def times(name: str, moments: Sequence[datetime]) -> list[int]:
    """Milliseconds of the times of a field. Raises as `check_time` does."""
    found = _milliseconds(moments)
    if found and not 0 < min(found) <= max(found) < _LATEST:
        for moment in moments:
            check_time(name, moment)
    return found


def milliseconds(moment: datetime) -> int:
    """Since 1970, rounded; of an aware time."""
    return _milliseconds([moment])[0]


def _milliseconds(moments: Sequence[datetime]) -> list[int]:
    return [
        since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        for since in [moment - _HALF_BEFORE for moment in moments]
    ]


def value_of(message: Message) -> bytes:
    """What a message says. Raises ValueError when it has no value or no time of its append."""
    check_values([message.value], [message.timestamp])
    return message.value or b""


def check_values(values: Sequence[bytes | None], timestamps: Sequence[int]) -> None:
    """Raises ValueError when any message has no value or no time of its append."""
    if None in values:
        raise ValueError("a record without a value")
    if timestamps and min(timestamps) < 0:
        raise ValueError("a record without the time of its append")


def check_time(name: str, moment: datetime) -> None:
    """Raises ValueError, or TypeError for a time without an offset, which cannot be compared."""
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"{name}: {moment.isoformat()} is not from 1970 to 2099")


def check_score(score: float) -> None:
    """Raises ValueError."""
    if not 0 <= score <= MAX_SCORE:
        raise ValueError(f"score: {score} is not from 0 to {MAX_SCORE}")


def check_whole(name: str, number: int, lowest: int, above: int) -> None:
    """Raises ValueError."""
    if not lowest <= number < above:
        raise ValueError(f"{name}: {number} is not from {lowest} to {above - 1}")
