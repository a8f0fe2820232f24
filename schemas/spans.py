"""Spans of time as people write them in a file: "15m", "1h 30m", "7d"."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_WANTED: Final = 'a span of time such as "45s", "15m", "1h 30m" or "7d"'
_PART: Final = re.compile(r"(\d+)\s*([smhd])\s*")


def milliseconds(written: object) -> int:
    """The span in milliseconds. Raises ValueError, which says how a span is written."""
    if isinstance(written, str):
        parts = _PART.findall(written)
        if parts and not _PART.sub("", written).strip():
            return sum(int(number) * _UNITS[unit] for number, unit in parts)
    raise ValueError(f"{written!r} is no span; wanted: {_WANTED}")


def written(span: int) -> str:
    """The span as `milliseconds` reads it, as in "1d 2h". What is less than a second is left out."""
    left, said = span, []
    for unit, size in reversed(_UNITS.items()):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count}{unit}")
    return " ".join(said) or "0s"


def in_words(span: int) -> str:
    """A span of milliseconds in its two largest units, as in "1 d 2 h"."""
    left, said = max(span, 0), []
    for unit, size in reversed(_UNITS.items()):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}" if unit != "m" else f"{count} min")
    return " ".join(said[:2]) or "0 s"


# Written as text, kept as milliseconds.
Span = Annotated[int, BeforeValidator(milliseconds)]
