"""Key phrases in the manner of RAKE.

Rose, Engel, Cramer and Cowley, *Automatic keyword extraction from individual documents*, 2010: a text is cut at stop
words and punctuation; a word is worth its degree (the words it stands with, itself included) over its frequency; a
phrase is worth the sum of its words. Other than there, a phrase has at most four words, verbs and courtesies of
support mail are stop words too, and what occurs more often is worth more.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.scoring.memo import Memo
from streams.scoring.stop_words import STOP_WORDS

MOST: Final = 10
MAX_WORDS: Final = 4
_MAX_TOKENS: Final = 4_000
_CUT: Final = "|"

Phrase = tuple[str, ...]


def key_phrases(words: Sequence[str]) -> tuple[str, ...]:
    """At most ten phrases in lower case, the best first, from what `words_of` made of a text."""
    kept = " ".join(map(_WORTH.__getitem__, words[:_MAX_TOKENS]))
    phrases = [phrase for run in kept.split(_CUT) if run != " " for phrase in _phrases(run.split())]
    together = [word for phrase in phrases for word in phrase]
    # Where no word stands twice, each is worth the length of its phrase.
    worth = _worth_of(Counter(phrases)) if len(set(together)) < len(together) else len
    # Sorting is stable: of equals the first in the text comes first.
    return tuple(map(" ".join, sorted(dict.fromkeys(phrases), key=worth, reverse=True)[:MOST]))


def _worth_of(counts: Mapping[Phrase, int]) -> Callable[[Phrase], float]:
    degree: dict[str, int] = {}
    frequency: dict[str, int] = {}
    for phrase, count in counts.items():
        together = len(phrase) * count
        for word in phrase:
            degree[word] = degree.get(word, 0) + together
            frequency[word] = frequency.get(word, 0) + count
    return {
        phrase: count * sum([degree[word] / frequency[word] for word in phrase]) for phrase, count in counts.items()
    }.__getitem__


def _phrases(run: list[str]) -> list[Phrase]:
    if len(run) <= MAX_WORDS:
        return [tuple(run)] if run else []
    return [tuple(run[start : start + MAX_WORDS]) for start in range(0, len(run), MAX_WORDS)]


def _worth(token: str) -> str:
    """The token, or a cut: for a stop word, for punctuation, and for what no phrase should show."""
    if token in STOP_WORDS or not token[0].isalpha() or len(token) < 2 or len(token) > 40:
        return _CUT
    plain = token.removesuffix("'s")
    # Redactions, and adverbs, which are no part of a noun phrase.
    return _CUT if "'" in plain or not plain.strip("x") or (plain.endswith("ly") and len(plain) > 5) else plain


_WORTH: Final[Memo[str]] = Memo(_worth)
