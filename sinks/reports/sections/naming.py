"""What several sections share: how names are written, and how negative messages are shown."""

from typing import Final

from sinks.reports.model import Tone

# More rows nobody reads in a report; the addresses behind the figures have them all.
MOST: Final = 12
FEWER: Final = 8
NEGATIVE: Final[tuple[tuple[Tone, str], ...]] = (("negative", "negative messages"), ("other", "other messages"))
_UNKNOWN: Final = "(none)"


def named(value: str) -> str:
    """A name without the underscores that programs need."""
    return value.replace("_", " ") or _UNKNOWN


def negative_parts(negative: int, messages: int) -> tuple[tuple[Tone, float], ...]:
    """Of a bar of messages."""
    return (("negative", float(negative)), ("other", float(messages - negative)))
