"""Hours of a day at a place: whether they are now, and when they end. Pure; times are Unix milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sinks.notify.targets import DAYS, Hours

_DAY: Final = timedelta(days=1)


def is_within(hours: Hours, now: int) -> bool:
    """Whether it is one of the hours, by the clocks of their place."""
    return end_of(hours, now) is not None


def end_of(hours: Hours, now: int) -> int | None:
    """When the hours that it is now end; None outside of them.

    Where clocks are turned, an hour that does not exist begins with the next one, and one that is there twice counts
    both times.
    """
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(hours.clock)
    begin, until = hours.minutes
    # What began yesterday may last until today.
    for day in (local.date() - _DAY, local.date()):
        if DAYS[day.weekday()] not in hours.days:
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=hours.clock)
        first = _at(midnight, begin)
        last = _at(midnight, until if until > begin else until + 24 * 60)
        if first <= now < last:
            return last
    return None


def _at(midnight: datetime, minutes: int) -> int:
    # By the clock on the wall: midnight and two hours is two o'clock, however long that took.
    return round((midnight + timedelta(minutes=minutes)).timestamp() * 1000)
