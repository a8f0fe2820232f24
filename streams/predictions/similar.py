"""How long a conversation will yet take, by those that began alike: TF-IDF cosine, a weighted survival curve of the
nearest, and where they say nothing their category's. Needs the extra `ml`. Pure.

The words are those of the customer's first message; category, priority and channel stand among them, so that they have
a part in what is alike.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.predictions import baseline
from streams.predictions.estimates import Because, Foretold, nothing
from streams.predictions.history import HOUR_MS, Mask, Numbers, Whole
from streams.predictions.survival import curve, weighted_quantiles

RECIPE: Final = "TF-IDF cosine, 60 nearest, Kaplan-Meier"
ENOUGH: Final = 200
# A larger corpus is cut to its newest.
MOST: Final = 20_000
NEAREST: Final = 60
SHARES: Final = (0.1, 0.5, 0.9)
# Fewer than these are no distribution.
_FEW: Final = 8
_AT_ONCE: Final = 1_000
_RARE: Final = 2
_WORD: Final = re.compile(r"[^\W_]{2,30}")
_CHARS: Final = 2_000
_EXAMPLES: Final = 5
_OF_CATEGORY, _UNKNOWN = -1, -2


class Counts(NamedTuple):
    """How often each word of `words` stands in each document: a sparse matrix (documents, words)."""

    words: tuple[str, ...]
    matrix: Any


class ResolutionModel(NamedTuple):
    """Documents that are unit vectors, how long each one's ticket took (ms) and whether it was over; `idf` by word.
    `tickets` are tenant/id.
    """

    words: Mapping[str, int]
    idf: Numbers
    matrix: Any
    took: Numbers
    over: Mask
    category: Whole
    names: tuple[str, ...]
    tickets: Sequence[str]

    def foretell(
        self,
        documents: Sequence[str],
        ages: Numbers,
        category: Whole,
        names: Sequence[str],
        tenants: Sequence[str],
    ) -> Foretold:
        """The median of what is left, with the 10 % and 90 % quantiles, in ms. Reasons name tickets of the row's own
        tenant only.
        """
        return self.foretell_vectors(self._vectors(documents), ages, category, names, tenants)

    def foretell_vectors(
        self, vectors: Any, ages: Numbers, category: Whole, names: Sequence[str], tenants: Sequence[str]
    ) -> Foretold:
        """The same of unit vectors."""
        left = np.full((len(ages), len(SHARES)), np.nan)
        rests = np.zeros(len(ages), int)
        near = np.full((len(ages), NEAREST), -1)
        for start in range(0, len(ages), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            places, weights = _nearest(vectors[part], self.matrix, NEAREST)
            near[part] = places
            found, count = weighted_quantiles(self.took[places], self.over[places], weights, ages[part], SHARES)
            told = count >= _FEW
            left[part][told] = (found - ages[part, None])[told]
            rests[part] = np.where(told, count, 0)
        self._by_category(left, rests, ages, category, names)
        left = np.maximum(left, 1.0)

        def because(row: int) -> Because:
            if rests[row] <= 0:
                return ()
            whose = f"{tenants[row]}/"
            lasted = [each for each in near[row] if each >= 0 and self.took[each] > ages[row]]
            mine = [each for each in lasted if self.tickets[each].startswith(whose)][:_EXAMPLES]
            return [
                ("similar", self.tickets[each].removeprefix(whose), float(self.took[each] / HOUR_MS)) for each in mine
            ]

        def basis(row: int) -> str:
            if rests[row] > 0:
                return f"{rests[row]} similar tickets"
            return "24 hours" if rests[row] == _UNKNOWN else "category"

        return Foretold(left[:, 1], left[:, 0], left[:, 2], basis, because)

    def _by_category(self, left: Numbers, rests: Whole, ages: Numbers, category: Whole, names: Sequence[str]) -> None:
        """Where the nearest say nothing."""
        mine = {name: place for place, name in enumerate(self.names)}
        for of in np.unique(category[rests == 0]):
            here = (rests == 0) & (category == of)
            place = mine.get(names[of], -1) if of >= 0 else -1
            alike = self.category == place
            some = curve(self.took[alike], self.over[alike]) if alike.sum() >= _FEW else curve(self.took, self.over)
            # Where censoring hides a quantile, the longest stands for it.
            longest = np.where(some.at(ages[here]) > 0, some.times[-1:].max(initial=0.0), np.nan)
            for column, share in enumerate(SHARES):
                found = some.quantile(share, ages[here])
                ends = np.where(np.isnan(found), longest, found)
                # What is older than all of them has not ended by then: nothing is known of it.
                left[here, column] = np.where(ends > ages[here], ends - ages[here], np.nan)
            rests[here] = _OF_CATEGORY
        unknown = np.isnan(left[:, 1])
        left[unknown, 1] = baseline.UNKNOWN_MS
        rests[unknown] = _UNKNOWN

    def _vectors(self, documents: Sequence[str]) -> Any:
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        indices, ends = [], [0]
        for document in documents:
            indices += [self.words[word] for word in words_of(document) if word in self.words]
            ends.append(len(indices))
        matrix = csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(documents), len(self.words)))
        matrix.sum_duplicates()
        return unit(matrix, self.idf)

    def kept(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and options for a file. A word of a single document is not in it: nothing is similar by it."""
        common = np.flatnonzero(self.idf > 0)
        words, matrix = list(self.words), self.matrix[:, common]
        arrays = {
            "words": np.frombuffer("\n".join(words[each] for each in common).encode(), np.uint8),
            "idf": self.idf[common].astype(np.float32),
            "data": matrix.data.astype(np.float32),
            "indices": matrix.indices.astype(np.int32),
            "indptr": matrix.indptr.astype(np.int64),
            "took": self.took,
            "over": self.over,
            "category": self.category.astype(np.int32),
            # An id may hold what parts them: then all that follow would have the name of the one before.
            "tickets": np.frombuffer("\0".join(_without_zero(self.tickets)).encode(), np.uint8),
        }
        return arrays, {"categories": list(self.names)}


def load(arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> ResolutionModel:
    """What `kept` gave. Raises KeyError or ValueError for anything else."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    words = arrays["words"].tobytes().decode().split("\n")
    shape = (len(arrays["took"]), len(words))
    matrix = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    return ResolutionModel(
        words={word: place for place, word in enumerate(words)},
        idf=arrays["idf"],
        matrix=matrix,
        took=arrays["took"],
        over=arrays["over"],
        category=arrays["category"],
        names=tuple(options["categories"]),
        tickets=arrays["tickets"].tobytes().decode().split("\0"),
    )


def document(text: str, category: str, priority: str, channel: str) -> str:
    """What similarity is of."""
    return (
        f"{text[:_CHARS]}\n{_named('category', category)} {_named('priority', priority)} {_named('channel', channel)}"
    )


def _without_zero(tickets: Sequence[str]) -> Iterator[str]:
    return (each.replace("\0", "\ufffd") for each in tickets)


def _named(what: str, value: str) -> str:
    # One word, which no customer writes.
    return f"{what}is{''.join(_WORD.findall(value))}"[:30]


def words_of(text: str) -> Iterator[str]:
    """In small letters, of two characters at least."""
    return (found[0] for found in _WORD.finditer(text.lower()))


def counted(documents: Sequence[str]) -> Counts:
    """The words of documents."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    words: dict[str, int] = {}
    indices: list[int] = []
    ends = [0]
    for each in documents:
        indices += [words.setdefault(word, len(words)) for word in words_of(each)]
        ends.append(len(indices))
    matrix = csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(documents), len(words)))
    matrix.sum_duplicates()
    return Counts(tuple(words), matrix)


def idf_of(matrix: Any) -> Numbers:
    """log((1 + n) / (1 + documents with the word)) + 1; 0 for a word of fewer than two documents."""
    documents = np.bincount(matrix.indices, minlength=matrix.shape[1])
    return np.asarray(np.where(documents >= _RARE, np.log((1 + matrix.shape[0]) / (1 + documents)) + 1, 0.0))


def unit(matrix: Any, idf: Numbers) -> Any:
    """Rows of (1 + log count) · idf, of length 1; a row of nothing stays 0."""
    from scipy.sparse import diags  # noqa: PLC0415

    weighted = matrix.copy()
    weighted.data = (1 + np.log(weighted.data)) * idf[weighted.indices]
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return (diags(1 / np.where(length > 0, length, 1)) @ weighted).tocsr()


def fit(
    counts: Counts, took: Numbers, over: Mask, category: Whole, names: Sequence[str], tickets: Sequence[str]
) -> ResolutionModel:
    """Of documents (rows of `counts`) and how long their tickets took."""
    idf = idf_of(counts.matrix)
    words = {word: place for place, word in enumerate(counts.words)}
    return ResolutionModel(words, idf, unit(counts.matrix, idf), took, over, category, tuple(names), tickets)


def by_category(ages: Numbers, category: Whole, means: Numbers) -> Foretold:
    """System E's rule: the category's mean, else 24 h; what has passed is taken off where anything is left then."""
    mean = baseline.mean_of(means, category)
    value = np.where(mean > ages, mean - ages, mean)
    unknown = np.full(len(value), np.nan)
    known = np.append(~np.isnan(means), False)[np.where(category < 0, len(means), category)]
    return Foretold(value, unknown, unknown, lambda row: "category" if known[row] else "24 hours", nothing)


def _nearest(vectors: Any, matrix: Any, most: int) -> tuple[Whole, Numbers]:
    """The places of each row's nearest documents and their cosines; -1 and 0 where there are fewer."""
    product = (vectors @ matrix.T).tocsr()
    places = np.full((product.shape[0], most), -1)
    weights = np.zeros((product.shape[0], most))
    for row in range(product.shape[0]):
        part = slice(product.indptr[row], product.indptr[row + 1])
        values, indices = product.data[part], product.indices[part]
        if len(values) > most:
            chosen = np.argpartition(-values, most)[:most]
            values, indices = values[chosen], indices[chosen]
        order = np.lexsort((indices, -values))
        places[row, : len(order)], weights[row, : len(order)] = indices[order], values[order]
    return places, weights
