"""Times as exports write them. Pure.

Read are: ISO 8601, with a T or a blank, with or without an offset; Unix seconds and milliseconds; dates of numbers
(31/01/2026) and of names (31/Jan/26, Jan 31, 2026), with a time of 24 hours or of AM and PM, or none; RFC 2822.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple

_MILLISECONDS_ABOVE: Final = 100_000_000_000
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}
_TIME: Final = (
    r"(?:[ T,]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[AaPp])?\.?(?:[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_NUMBERS: Final = re.compile(r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})" + _TIME)
_DAY_NAME: Final = re.compile(
    r"(?:[A-Za-z]{3,9}, )?(?P<one>\d{1,2})[ /-](?P<name>[A-Za-z]{3,9})\.?[ ,/-]+(?P<year>\d{4}|\d{2})" + _TIME
)
_NAME_DAY: Final = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(?P<name>[A-Za-z]{3,9})\.? (?P<one>\d{1,2}),? (?P<year>\d{4})(?: at)?" + _TIME
)
_EPOCH: Final = re.compile(r"\d{9,13}(?:\.\d+)?")
_NOON: Final = 12


class Order(StrEnum):
    """Whether 01/02/2026 is in February or in January."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


class Reading(NamedTuple):
    """How times are read that do not say it themselves."""

    order: Order = Order.DAY_FIRST
    zone: tzinfo = UTC


class Assumed(NamedTuple):
    """What the samples tell of the order of days and months: None where no date of numbers is among them, or none that
    tells. `without_zone` says that some have no offset.
    """

    order: Order | None
    ambiguous: bool
    without_zone: bool


def read_time(value: object, reading: Reading) -> datetime | None:
    """The time in UTC, of a value of a table; None for what is none."""
    if isinstance(value, datetime):
        found: datetime | None = value
    elif isinstance(value, bool):
        found = None
    elif isinstance(value, int | float):
        found = _epoch(value)
    else:
        found = _written(str(value).strip(), reading.order)
    if found is None:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=reading.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        # In its own zone it can be, and in UTC it is before the year 1 or after 9999.
        return None


def assumed(samples: Iterable[str]) -> Assumed:
    """What is to be assumed of times, by these."""
    day_first = month_first = numbers = without_zone = False
    for sample in samples:
        text = sample.strip()
        found = _NUMBERS.fullmatch(text)
        if found is not None:
            numbers = True
            day_first |= int(found["one"]) > _NOON
            month_first |= int(found["two"]) > _NOON
        moment = read_time(text, Reading()) if text else None
        without_zone |= moment is not None and _has_no_zone(text)
    order = Order.MONTH_FIRST if month_first and not day_first else Order.DAY_FIRST if day_first else None
    return Assumed(order, numbers and (order is None or (day_first and month_first)), without_zone)


def _has_no_zone(text: str) -> bool:
    return not _EPOCH.fullmatch(text) and re.search(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$", text) is None


def _written(text: str, order: Order) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return _epoch(float(text))
    try:
        return datetime.fromisoformat(re.sub(r" ?(UTC|GMT)$", "+00:00", text).replace(" +", "+"))
    except ValueError:
        pass
    for pattern in (_NUMBERS, _DAY_NAME, _NAME_DAY):
        found = pattern.fullmatch(text)
        if found is not None:
            return _of_parts(found, order)
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None


def _of_parts(found: re.Match[str], order: Order) -> datetime | None:
    parts = found.groupdict()
    if parts.get("name"):
        day, month = int(parts["one"]), _MONTHS.get(parts["name"][:3].lower(), 0)
    else:
        one, two = int(parts["one"]), int(parts["two"])
        # What cannot be otherwise is not a matter of assuming.
        is_month_first = (order is Order.MONTH_FIRST or two > _NOON) and one <= _NOON
        day, month = (two, one) if is_month_first else (one, two)
    year = int(parts["year"])
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % _NOON + (_NOON if parts["half"] in "Pp" else 0)
    try:
        return datetime(
            year + 2000 if year < 100 else year,
            month,
            day,
            hour,
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            tzinfo=_zone(parts["zone"]),
        )
    except ValueError:
        return None


def _zone(written: str | None) -> tzinfo | None:
    if not written:
        return None
    if written in ("Z", "UTC", "GMT"):
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if written[0] == "-" else span)


def _epoch(number: float) -> datetime | None:
    try:
        seconds = number / 1000 if abs(number) > _MILLISECONDS_ABOVE else number
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
