"""Which values of a dimension have windows of their own, where anybody may name new ones: the rest share one. Pure.

Those with the lowest ranks have, and a rank is a hash of the value. So the values are the same in whatever order they
come, and those of all partitions together are among those of each: what is counted of one is counted whole.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from schemas.windows import Totals, WindowKey

# Channels, categories and priorities are ours, and few.
OPEN_DIMENSIONS: Final = frozenset({"agent", "product", "journey_stage"})
# The value that all others count as. Whoever names a value so means the same.
OTHER: Final = "other"

# A rank and its value.
Ranked = tuple[int, str]


class Own(NamedTuple):
    """The values that have windows of their own, by rank."""

    ranked: tuple[Ranked, ...] = ()

    def has(self, value: str) -> bool:
        """Whether the value is one of them."""
        place = bisect_left(self.ranked, _ranked(value))
        return place < len(self.ranked) and self.ranked[place][1] == value


NONE_YET: Final = Own()


def admit(own: Own, value: str, limit: int) -> tuple[Own, str | None]:
    """The values after one more has come, and the one that has lost its place by that: it may be the new one itself."""
    if value == OTHER:
        return own, OTHER
    if own.has(value):
        return own, None
    ranked = sorted((*own.ranked, _ranked(value)))
    return Own(tuple(ranked[:limit])), ranked[limit][1] if len(ranked) > limit else None


def group_of(key: WindowKey) -> bytes | None:
    """The windows among which values compete for places: all of one dimension at one time. None for a dimension that
    has few values anyway.
    """
    return other_of(key).encode() if key.dimension in OPEN_DIMENSIONS else None


def other_of(key: WindowKey) -> WindowKey:
    """The window that values without one of their own count in."""
    return msgspec.structs.replace(key, value=OTHER)


def limited(windows: Mapping[WindowKey, Totals], limit: int) -> dict[WindowKey, Totals]:
    """The windows of all values, with those that have no place added up. A ticket counts there once for each value."""
    groups: dict[bytes, list[WindowKey]] = defaultdict(list)
    found: dict[WindowKey, Totals] = {}
    for key, totals in windows.items():
        group = group_of(key)
        if group is None:
            found[key] = totals
        else:
            groups[group].append(key)
    for keys in groups.values():
        named = sorted((key for key in keys if key.value != OTHER), key=lambda key: _ranked(key.value))
        found.update((key, windows[key]) for key in named[:limit])
        rest = [key for key in keys if key.value == OTHER] + named[limit:]
        if rest:
            found[other_of(rest[0])] = sum((windows[key] for key in rest), Totals())
    return found


# The same object each time: a value has a place in each of thousands of windows.
@lru_cache(maxsize=10_000)
def _ranked(value: str) -> Ranked:
    return int.from_bytes(blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"), value
