"""How long is waited before something that failed is tried again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# After hours of failures two to their number is more than a float holds.
_MOST_DOUBLINGS: Final = 20
# Whoever asks for more is asked again after so long.
_LONGEST_ASKED: Final = 3600.0


def doubled(first: float, times: int, longest: float) -> float:
    """`first` (seconds) doubled so many times, `longest` at most."""
    return min(first * 2.0 ** min(times, _MOST_DOUBLINGS), longest)


def retry_after(written: str, now: datetime) -> float | None:
    """The seconds that a header Retry-After asks for, as seconds or as a time; at most an hour, None for neither."""
    if written.isascii() and written.isdigit():
        return min(float(written[:9]), _LONGEST_ASKED)
    try:
        until = parsedate_to_datetime(written)
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_ASKED)
