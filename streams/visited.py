"""A set of whole numbers, most of them close together, as it is kept in a row. Pure.

A part is (which, bits): the numbers 64 * which + i for each bit i. Three days of minutes take 68 parts at most, a few
minutes of one hour one or two.
"""

from bisect import bisect_left
from typing import Final

_SIZE: Final = 64

Part = tuple[int, int]
# Rising by `which`; no part is empty.
Visited = tuple[Part, ...]


def near(visited: Visited, number: int) -> tuple[int | None, int | None]:
    """The highest member up to a number, and the lowest from it on."""
    which, bit = divmod(number, _SIZE)
    place = bisect_left(visited, (which, 0))
    below = above = None
    following = place
    if place < len(visited) and visited[place][0] == which:
        bits = visited[place][1]
        following = place + 1
        if lower := bits & ((2 << bit) - 1):
            below = which * _SIZE + lower.bit_length() - 1
        if higher := bits >> bit:
            above = number + _lowest(higher)
    if below is None and place:
        earlier, bits = visited[place - 1]
        below = earlier * _SIZE + bits.bit_length() - 1
    if above is None and following < len(visited):
        later, bits = visited[following]
        above = later * _SIZE + _lowest(bits)
    return below, above


def highest(visited: Visited) -> int:
    """The highest member of a set that is not empty."""
    which, bits = visited[-1]
    return which * _SIZE + bits.bit_length() - 1


def with_number(visited: Visited, number: int) -> Visited:
    """The set with one more."""
    which, bit = divmod(number, _SIZE)
    place = bisect_left(visited, (which, 0))
    if place < len(visited) and visited[place][0] == which:
        return (*visited[:place], (which, visited[place][1] | 1 << bit), *visited[place + 1 :])
    return (*visited[:place], (which, 1 << bit), *visited[place:])


def from_about(visited: Visited, number: int) -> Visited:
    """The set without lower numbers, but for a few of the same part."""
    place = bisect_left(visited, (number // _SIZE, 0))
    return visited[place:] if place else visited


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
