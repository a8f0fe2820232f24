"""Texts by how much of a question they answer.

BM25 as Lucene computes it (Robertson and Zaragoza, *The Probabilistic Relevance Framework: BM25 and Beyond*, 2009), by
the library bm25s. A term adds less than its weight ln(1 + (N - n + 0.5) / (n + 0.5)), where n of N texts have it. So
what a text gets, over the weights of all terms of the question, is a share that can be compared between questions. A
term that no text has weighs a quarter of that: it is as often a word that means little as one that means another thing.
Of a long question no text answers all: beyond eight terms the weights count as the root of their number does.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1: Final = 1.2
B: Final = 0.75
# A long question is known by the terms of its beginning.
MAX_TERMS: Final = 200
UNKNOWN: Final = 0.25
LONG: Final = 8
MISSING: Final = "articles and tickets that are alike are found by what the extra brings: pip install 'ticketpulse[ml]'"


class ExtraMissing(Exception):
    """The packages that search are not installed; the message says how they are."""


class Bm25:
    """An index of texts, each as its terms. Raises ExtraMissing."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._size = len(texts)
        self._texts_with = Counter(term for text in texts for term in set(text))
        self._index: Any = _indexed(texts) if self._texts_with else None

    def shares(self, terms: Sequence[str]) -> "NDArray[np.float64]":
        """How much of a question each text answers: shape (texts,), 0 to 1."""
        import numpy as np  # noqa: PLC0415 - of an extra

        asked = list(dict.fromkeys(terms))[:MAX_TERMS]
        known = [term for term in asked if term in self._texts_with]
        if not known:
            return np.zeros(self._size)
        scores: NDArray[np.float64] = self._index.get_scores(known).astype(np.float64)
        whole = sum(map(self.weight, known)) + UNKNOWN * (len(asked) - len(known)) * self.weight("")
        return np.minimum(scores / (whole * min(1.0, math.sqrt(LONG / len(asked)))), 1.0)

    def weight(self, term: str) -> float:
        """How much a term tells."""
        has = self._texts_with[term]
        return math.log(1 + (self._size - has + 0.5) / (has + 0.5))


def _indexed(texts: Sequence[Sequence[str]]) -> Any:
    try:
        import bm25s  # noqa: PLC0415 - of an extra
    except ImportError:
        raise ExtraMissing(MISSING) from None
    index = bm25s.BM25(k1=K1, b=B, method="lucene")
    index.index([list(text) for text in texts], show_progress=False)
    return index
