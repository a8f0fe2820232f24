"""On which days watched values were seen. One that was not seen for two weeks has been given up and is forgotten:
otherwise it would keep its place, and be silent, for ever.
"""

from typing import Final

DAY: Final = 86_400
GIVEN_UP_AFTER: Final = 14 * DAY

# The day of each value's newest window, in days since 1970.
Days = tuple[int, ...]


def see(days: Days, place: int, start: int) -> Days:
    """Take note of a window of the value at `place`, from `start` on (Unix seconds); the same object on a known day."""
    day = start // DAY
    return days if day <= days[place] else (*days[:place], day, *days[place + 1 :])


def given_up(days: Days, now: int) -> list[int]:
    """The places of the values that were not seen in the fourteen days before (Unix seconds)."""
    return [place for place, day in enumerate(days) if now - (day + 1) * DAY >= GIVEN_UP_AFTER]
