"""Words, pairs of words and pieces of words of many texts at once, each as a number of 64 bits.

A text is its tokens with a blank between them. A piece lies within a token and the blanks around it. Its number is a
polynomial of its characters modulo 2^64, mixed: that two of a million share one has a chance of some 10^-8.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Places = NDArray[np.int64]

SHORTEST: Final = 2
LONGEST: Final = 5
_BASE: Final = 0x9E3779B97F4A7C15
_PAIR: Final = np.uint64(0xD6E8FEB86659FD93)
_BLANK: Final = ord(" ")
_END: Final = ord("\n")


class Read(NamedTuple):
    """Texts as one array of characters, each between blanks and with an end. `texts` is how many; a token goes from
    its `starts` to before its `ends`, and is of the text `rows`; `token_at` is the token of each character, or for a
    blank the next one.
    """

    texts: int
    codes: NDArray[np.uint32]
    starts: Places
    ends: Places
    rows: Places
    token_at: Places


class Grams(NamedTuple):
    """What occurs in texts, again for each time that it does: its number, its first token, and its last."""

    numbers: Numbers
    first: Places
    last: Places


def read(texts: Sequence[Sequence[str]]) -> Read:
    """Texts, given as their tokens, which have no blanks in them and are not empty."""
    whole = "".join([f" {' '.join(tokens)} \n" for tokens in texts])
    codes = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
    outside = (codes == _BLANK) | (codes == _END)
    change = np.diff(outside.astype(np.int8), prepend=np.int8(1), append=np.int8(1))
    starts, ends = np.flatnonzero(change == -1), np.flatnonzero(change == 1)
    text_at = np.cumsum(codes == _END)
    begun = np.cumsum(change[:-1] == -1)
    return Read(len(texts), codes, starts, ends, text_at[starts], begun - ~outside)


def single_words(read: Read) -> Grams:
    """Tokens."""
    values = _mixed(read.codes.astype(np.uint64))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values * _powers(_BASE, len(values)), dtype=np.uint64)])
    # The power at which a token begins is taken back by that of the base's inverse.
    back = _powers(pow(_BASE, -1, 1 << 64), len(values))[read.starts]
    lengths = (read.ends - read.starts).astype(np.uint64)
    each = np.arange(len(read.starts))
    return Grams(_mixed((sums[read.ends] - sums[read.starts]) * back + lengths), each, each)


def words(read: Read) -> Grams:
    """Tokens, and pairs of neighbours in one text."""
    single = single_words(read).numbers
    first = np.flatnonzero(read.rows[1:] == read.rows[:-1])
    pairs = _mixed(single[first] * _PAIR + single[first + 1])
    each = np.arange(len(single))
    return Grams(np.concatenate([single, pairs]), np.concatenate([each, first]), np.concatenate([each, first + 1]))


def pieces(read: Read) -> Grams:
    """Runs of 2 to 5 characters within a token and the blanks around it."""
    values = _mixed(read.codes.astype(np.uint64))
    blank, ended = read.codes == _BLANK, read.codes == _END
    numbers, broken = values, ended
    found, places = [], []
    for length in range(2, LONGEST + 1):
        numbers = numbers[:-1] * np.uint64(_BASE) + values[length - 1 :]
        # A piece is broken by an end anywhere, and by a blank anywhere but at its edges.
        broken = broken[:-1] | ended[length - 1 :]
        if length > SHORTEST:
            broken = broken | blank[length - 2 : len(blank) - 1]
        kept = np.flatnonzero(~broken)
        found.append(_mixed(numbers[kept] + np.uint64(length)))
        places.append(kept)
    # Two blanks are what is left of a text without a token, which has none to begin with.
    every = np.concatenate(places)
    inside = (~blank[every]) | (~blank[every + 1])
    tokens = read.token_at[every[inside]]
    return Grams(np.concatenate(found)[inside], tokens, tokens)


GRAMS: Final[Mapping[str, Callable[[Read], Grams]]] = {
    "single words": single_words,
    "words": words,
    "pieces": pieces,
}


def _mixed(numbers: Numbers) -> Numbers:
    """splitmix64's last step (Steele, Lea and Flood 2014): each bit of the input moves half of those of the output."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _powers(base: int, count: int) -> Numbers:
    return np.cumprod(np.full(count, base, np.uint64), dtype=np.uint64)
