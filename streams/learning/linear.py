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
from streams.learning.tfidf import Block, Vocabulary, occurrences
from streams.learning.tokens import Token, placed_tokens, tokens_of
from streams.scoring import Explained, Explainer, scorer_of

if TYPE_CHECKING:
    from streams.learning.shelf import Kept

RECIPES: Final = frozenset({"linear-1", "bayes-1"})
OF_LEXICON: Final = "(lexicon)"
# So that a batch of long texts takes no more memory than one of short ones.
_CHARACTERS: Final = 400_000
_AT_ONCE: Final = 1_000


class Explanation(NamedTuple):
    """What spoke for one class against another: tokens with their places, the lexicon, and what both classes have ahead
    of any word. It all adds up to the difference of their margins.
    """

    terms: list[Term]
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
        parts = [self._margins(read([tokens_of(text) for text in texts[begin:end]])) for begin, end in _shares(texts)]
        margins = np.concatenate([np.zeros((0, len(self._bias))), *parts])
        if self.lexicon is not None and texts:
            told = self.lexicon.score_all(texts) if found is None else found
            margins += lexicon_features(texts, told) @ self._of_lexicon
        return margins

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
        found = self.explain([text], place, None)[0]
        terms = [*found.terms, Term(OF_LEXICON, found.lexicon, 0, 0)] if found.lexicon else found.terms
        return sorted(terms, key=lambda term: -abs(term.weight))

    def explain(
        self, texts: Sequence[str], for_: int, against: int | None, found: Sequence[Explained] | None = None
    ) -> list[Explanation]:
        """What spoke for a class, by its number, against another, or the mean of all; one for each text."""
        direction = self._towards(for_, against)
        told = self._lexicon_shares(texts, direction, found)
        ahead = float(self._bias[for_] - (self._bias.mean() if against is None else self._bias[against]))
        explained: list[Explanation] = []
        for begin, end in _shares(texts):
            placed = [placed_tokens(text) for text in texts[begin:end]]
            shares = self._shares_of(placed, direction)
            explained += [
                Explanation(terms, lexicon, ahead) for terms, lexicon in zip(shares, told[begin:end], strict=True)
            ]
        return explained

    def known_share(self, texts: Sequence[str]) -> Floats:
        """See `Classifier`."""
        shares = [self._known(read([tokens_of(text) for text in texts[begin:end]])) for begin, end in _shares(texts)]
        return np.concatenate([np.zeros(0), *shares])

    def _margins(self, texts: Read) -> Floats:
        margins = np.tile(self._bias, (texts.texts, 1))
        for name, block, begin in self._placed_blocks():
            rows = occurrences(block, GRAMS[name](texts), texts).rows
            margins += rows @ self._weights[begin : begin + len(block.vocabulary)]
        return margins

    def _placed_blocks(self) -> Iterator[tuple[str, Block, int]]:
        begin = 0
        for name, block in self.blocks.items():
            yield name, block, begin
            begin += len(block.vocabulary)

    @property
    def _of_lexicon(self) -> NDArray[np.float32]:
        return self._weights[len(self._weights) - len(NAMES) :]

    def _towards(self, for_: int, against: int | None) -> Floats:
        other = self._mean if against is None else self._weights[:, against]
        return np.asarray(self._weights[:, for_] - other, np.float64)

    @cached_property
    def _mean(self) -> NDArray[np.float32]:
        return np.asarray(self._weights.mean(axis=1))

    def _lexicon_shares(
        self, texts: Sequence[str], direction: Floats, found: Sequence[Explained] | None
    ) -> Sequence[float]:
        if self.lexicon is None or not texts:
            return [0.0] * len(texts)
        told = self.lexicon.score_all(texts) if found is None else found
        shares: list[float] = (lexicon_features(texts, told) @ direction[len(direction) - len(NAMES) :]).tolist()
        return shares

    def _shares_of(self, placed: Sequence[Sequence[Token]], direction: Floats) -> list[list[Term]]:
        """What each token adds: by itself, by its pieces, and by half of each pair that it is in."""
        texts = read([[token.term for token in tokens] for tokens in placed])
        shares = np.zeros(len(texts.starts))
        for name, block, begin in self._placed_blocks():
            rows, cells, first, last = occurrences(block, GRAMS[name](texts), texts)
            each = rows.data * direction[begin + rows.indices]
            half = (each / np.maximum(np.bincount(cells, minlength=len(each)), 1))[cells] / 2
            shares += np.bincount(first, weights=half, minlength=len(shares))
            shares += np.bincount(last, weights=half, minlength=len(shares))
        told = iter(shares.tolist())
        return [
            [Term(term, weight, start, end) for (term, start, end), weight in zip(tokens, told, strict=False)]
            for tokens in placed
        ]

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
