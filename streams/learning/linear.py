"""A linear classifier of texts: margins are sums of what words, pieces of words and the lexicon scorer weigh."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.learning.calibration import Calibration, Floats, softmax
from streams.learning.card import ModelCard
from streams.learning.classifier import Term
from streams.learning.grams import GRAMS, Read, read, single_words
from streams.learning.lexicon_features import NAMES, lexicon_features
from streams.learning.signed import Array
from streams.learning.tfidf import Block, Occurrences, Vocabulary, occurrences
from streams.learning.tokens import Placed, placed_tokens, tokens_of
from streams.scoring import Explained, Explainer, scorer_of

if TYPE_CHECKING:
    from streams.learning.shelf import Kept

RECIPES: Final = frozenset({"linear-1", "bayes-1"})
OF_LEXICON: Final = "(lexicon)"
# So that a batch of long texts takes no more memory than one of short ones.
_CHARACTERS: Final = 400_000
_AT_ONCE: Final = 1_000


class Explanation(NamedTuple):
    """What spoke for one class against another: tokens with their places, all other tokens together, the lexicon, and
    what both classes have ahead of any word. It all adds up to the difference of their margins.
    """

    terms: list[Term]
    others: float
    lexicon: float
    ahead: float


class LinearClassifier:
    """Keeps `streams.learning.classifier.Classifier`. Immutable; threads may share it.

    `weights` has a row for each column of the blocks in their order, then for each of the lexicon's features if
    `lexicon` is given; shape (columns, classes), float32.
    """

    def __init__(
        self,
        card: ModelCard,
        blocks: Mapping[str, Block],
        weights: NDArray[np.float32],
        bias: Floats,
        calibration: Calibration,
        lexicon: Explainer | None = None,
    ) -> None:
        self.card = card
        self.blocks = blocks
        self.calibration = calibration
        self.lexicon = lexicon
        self._weights = weights
        self._bias = bias

    def probabilities(self, texts: Sequence[str], found: Sequence[Explained] | None = None) -> Floats:
        """See `Classifier`. `found` is what the scorer `support` says of the texts, for who knows it already."""
        return self.calibration.probabilities(self.margins(texts, found))

    def margins(self, texts: Sequence[str], found: Sequence[Explained] | None = None) -> Floats:
        """Before they are made probabilities; shape (texts, classes)."""
        parts = [np.zeros((0, len(self._bias)))]
        for begin, end in _shares(texts):
            share = read([tokens_of(text) for text in texts[begin:end]])
            parts.append(self._margins(share.texts, self._seen(share)))
        return np.concatenate(parts) + self._features(texts, found) @ self._of_lexicon

    def weighed(self, margins: Floats) -> Floats:
        """What classes are chosen by: probabilities without the offsets, so that rare classes keep the weight with
        which they were learned.
        """
        return softmax(self.calibration.scale * margins)

    def reasons(self, text: str, class_: str) -> list[Term]:
        """See `Classifier`: for the class against the mean of all."""
        place = self.card.classes.index(class_) if class_ in self.card.classes else None
        if place is None:
            raise KeyError(class_)
        [found] = self.explain([text], place, None)[1]
        terms = [*found.terms, Term(OF_LEXICON, found.lexicon, 0, 0)] if found.lexicon else found.terms
        return sorted(terms, key=lambda term: -abs(term.weight))

    def explain(
        self,
        texts: Sequence[str],
        for_: int,
        against: int | None,
        found: Sequence[Explained] | None = None,
        most: int | None = None,
    ) -> tuple[Floats, list[Explanation]]:
        """The margins, and of each text what spoke for a class, by its number, against another, or the mean of all:
        its `most` weightiest tokens, or all. Both of one reading.
        """
        direction = self._towards(for_, against)
        ahead = float(self._bias[for_] - (self._bias.mean() if against is None else self._bias[against]))
        features = self._features(texts, found)
        parts = [np.zeros((0, len(self._bias)))]
        terms: list[tuple[list[Term], float]] = []
        for begin, end in _shares(texts):
            placed = [placed_tokens(text) for text in texts[begin:end]]
            share = read([tokens.terms for tokens in placed])
            seen = self._seen(share)
            parts.append(self._margins(share.texts, seen))
            terms += _weightiest(placed, share, _shares_of_tokens(share, seen, direction), most)
        lexicon = (features @ direction[len(direction) - features.shape[1] :]).tolist()
        explained = [Explanation(*each, of_lexicon, ahead) for each, of_lexicon in zip(terms, lexicon, strict=True)]
        return np.concatenate(parts) + features @ self._of_lexicon, explained

    def known_share(self, texts: Sequence[str]) -> Floats:
        """See `Classifier`."""
        shares = [self._known(read([tokens_of(text) for text in texts[begin:end]])) for begin, end in _shares(texts)]
        return np.concatenate([np.zeros(0), *shares])

    def _seen(self, texts: Read) -> list[tuple[Occurrences, slice]]:
        """What of each block occurs in texts, and which rows of the weights are the block's."""
        found, begin = [], 0
        for name, block in self.blocks.items():
            end = begin + len(block.vocabulary)
            found.append((occurrences(block, GRAMS[name](texts), texts), slice(begin, end)))
            begin = end
        return found

    def _margins(self, texts: int, seen: Sequence[tuple[Occurrences, slice]]) -> Floats:
        margins = np.tile(self._bias, (texts, 1))
        for occurring, place in seen:
            margins += occurring.rows @ self._weights[place]
        return margins

    def _features(self, texts: Sequence[str], found: Sequence[Explained] | None) -> NDArray[np.float32]:
        """The lexicon's columns; none where the model does not use them."""
        if self.lexicon is None:
            return np.zeros((len(texts), 0), np.float32)
        return lexicon_features(texts, self.lexicon.score_all(texts) if found is None else found)

    @property
    def _of_lexicon(self) -> NDArray[np.float32]:
        return self._weights[len(self._weights) - (len(NAMES) if self.lexicon else 0) :]

    def _towards(self, for_: int, against: int | None) -> Floats:
        other = self._mean if against is None else self._weights[:, against]
        return np.asarray(self._weights[:, for_] - other, np.float64)

    @cached_property
    def _mean(self) -> NDArray[np.float32]:
        return np.asarray(self._weights.mean(axis=1))

    def _known(self, texts: Read) -> Floats:
        name = next(iter(self.blocks))
        known = self.blocks[name].vocabulary.columns(single_words(texts).numbers) >= 0
        all_ = np.bincount(texts.rows, minlength=texts.texts)
        return np.where(
            all_ == 0, 1.0, np.bincount(texts.rows, weights=known, minlength=texts.texts) / np.maximum(all_, 1)
        )


def classifier_of(kept: "Kept") -> LinearClassifier:
    """The classifier in a file. Raises ValueError for a recipe that this version does not know, or arrays that do not
    fit together.
    """
    card, arrays, _ = kept
    if card.recipe not in RECIPES:
        raise ValueError(f"{card.kind} {card.version}: its recipe is {card.recipe!r}, known are {', '.join(RECIPES)}")
    try:
        blocks = {
            name: Block(Vocabulary(arrays[f"{name} numbers"]), arrays[f"{name} weights"])
            for name in card.options["blocks"]
        }
        calibration = Calibration(float(card.options["scale"]), arrays["offsets"])
        weights, bias = arrays["weights"], arrays["bias"]
        lexicon = scorer_of("support") if card.options["lexicon"] else None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{card.kind} {card.version}: {error} is missing") from None
    columns = sum(len(block.vocabulary) for block in blocks.values()) + (len(NAMES) if lexicon else 0)
    if weights.shape != (columns, len(card.classes)) or bias.shape != (len(card.classes),):
        raise ValueError(f"{card.kind} {card.version}: {weights.shape} weights for {columns} columns")
    return LinearClassifier(card, blocks, weights, bias, calibration, lexicon)


def _shares_of_tokens(texts: Read, seen: Sequence[tuple[Occurrences, slice]], direction: Floats) -> Floats:
    """What each token adds: by itself, by its pieces, and by half of each pair that it is in."""
    shares = np.zeros(len(texts.starts))
    for (rows, cells, first, last), place in seen:
        each = rows.data * direction[place][rows.indices]
        half = (each / np.maximum(np.bincount(cells, minlength=len(each)), 1))[cells] / 2
        shares += np.bincount(first, weights=half, minlength=len(shares))
        shares += np.bincount(last, weights=half, minlength=len(shares))
    return shares


def _weightiest(
    placed: Sequence[Placed], texts: Read, shares: Floats, most: int | None
) -> Iterator[tuple[list[Term], float]]:
    """Of each text its weightiest tokens, and what all others add together."""
    by_weight = np.lexsort((-np.abs(shares), texts.rows))
    begins = np.searchsorted(texts.rows, np.arange(texts.texts + 1))
    all_ = np.bincount(texts.rows, weights=shares, minlength=texts.texts).tolist()
    weights = shares.tolist()
    for (terms, places), begin, end, added in zip(placed, begins.tolist(), begins[1:].tolist(), all_, strict=False):
        chosen = by_weight[begin:end][:most].tolist()
        told = [Term(terms[at - begin], weights[at], *places[at - begin]) for at in chosen]
        yield told, added - sum(term.weight for term in told)


def arrays_of(
    blocks: Mapping[str, Block], weights: NDArray[np.float32], bias: Floats, offsets: Floats
) -> dict[str, Array]:
    """What is kept of a classifier."""
    arrays: dict[str, Array] = {"weights": weights, "bias": bias, "offsets": offsets}
    for name, block in blocks.items():
        arrays[f"{name} numbers"], arrays[f"{name} weights"] = block.vocabulary.numbers, block.weights
    return arrays


def _shares(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Begins and ends of texts that are read together."""
    begin = size = 0
    for place, text in enumerate(texts):
        length = min(len(text), 20_000)
        if place > begin and (size + length > _CHARACTERS or place - begin >= _AT_ONCE):
            yield begin, place
            begin, size = place, 0
        size += length
    if begin < len(texts):
        yield begin, len(texts)
