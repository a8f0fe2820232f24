"""TF-IDF: sparse rows of length 1, one block for each way to cut texts."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.learning.grams import Grams, Numbers, Places, Read

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_LOAD: Final = 2


class Vocabulary:
    """Numbers, each with its column. A table of buckets by the highest bits finds many at once in few steps."""

    def __init__(self, numbers: Numbers) -> None:
        """`numbers` rise, each once; the first has column 0."""
        self.numbers = numbers
        bits = max(1, (len(numbers) * _LOAD).bit_length())
        self._shift = np.uint64(64 - bits)
        buckets = (numbers >> self._shift).astype(np.int64)
        self._begins = np.searchsorted(buckets, np.arange((1 << bits) + 1)).astype(np.int32)

    def __len__(self) -> int:
        return len(self.numbers)

    def columns(self, wanted: Numbers) -> NDArray[np.int32]:
        """The column of each number, -1 for those that are not in it."""
        bucket = (wanted >> self._shift).astype(np.int64)
        at, end = self._begins[bucket], self._begins[bucket + 1]
        found = np.full(len(wanted), -1, np.int32)
        left = np.flatnonzero(at < end)
        while len(left):
            here = at[left]
            hit = self.numbers[here] == wanted[left]
            found[left[hit]] = here[hit]
            left = left[~hit]
            at[left] += 1
            left = left[at[left] < end[left]]
        return found


class Block(NamedTuple):
    """A vocabulary with the weight of each of its columns, float32."""

    vocabulary: Vocabulary
    weights: NDArray[np.float32]


class Occurrences(NamedTuple):
    """Rows of a block, and what they are made of: each gram that is known is in a cell of the rows' data, with others
    of its kind, and goes from its first token to its last.
    """

    rows: "csr_matrix"
    cells: Places
    first: Places
    last: Places


def learn(grams: Grams, read: Read, at_least: int, at_most: int) -> Block:
    """What occurs in `at_least` texts, of that the `at_most` most frequent, with scikit-learn's smooth weights
    ln((1 + texts) / (1 + texts that have it)) + 1.
    """
    rows = read.rows[grams.first]
    order = np.lexsort((rows, grams.numbers))
    numbers, rows = grams.numbers[order], rows[order]
    first = np.ones(len(numbers), bool)
    first[1:] = (numbers[1:] != numbers[:-1]) | (rows[1:] != rows[:-1])
    known, counts = np.unique(numbers[first], return_counts=True)
    # Of equally frequent ones those with the lowest numbers, so that the same texts give the same columns.
    frequent = np.lexsort((known, -counts))[:at_most]
    kept = np.sort(frequent[counts[frequent] >= at_least])
    weights = np.log((1 + read.texts) / (1 + counts[kept])) + 1
    return Block(Vocabulary(known[kept]), weights.astype(np.float32))


def occurrences(block: Block, grams: Grams, read: Read) -> Occurrences:
    """(1 + ln(count)) * weight of each column in each text, as rows of length 1; shape (texts, columns), float32."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    columns = block.vocabulary.columns(grams.numbers)
    known = np.flatnonzero(columns >= 0)
    width = max(1, len(block.vocabulary))
    keys, cells, counts = np.unique(
        read.rows[grams.first[known]] * width + columns[known], return_inverse=True, return_counts=True
    )
    rows, indices = np.divmod(keys, width)
    data = (1 + np.log(counts)) * block.weights[indices]
    lengths = np.sqrt(np.bincount(rows, weights=data**2, minlength=read.texts))
    starts = np.searchsorted(rows, np.arange(read.texts + 1))
    values = (data / lengths[rows]).astype(np.float32)
    matrix = csr_matrix((values, indices, starts), shape=(read.texts, len(block.vocabulary)))
    return Occurrences(matrix, cells, grams.first[known], grams.last[known])
