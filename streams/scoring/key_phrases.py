"""Key phrases in the manner of RAKE.

Rose, Engel, Cramer and Cowley, *Automatic keyword extraction from individual documents*, 2010: a text is cut at stop
words and punctuation; a word is worth its degree (the words it stands with, itself included) over its frequency; a
phrase is worth the sum of its words. Other than there, a phrase has at most four words, verbs and courtesies of
support mail are stop words too, and what occurs more often is worth more.
"""

from collections import Counter
from collections.abc import Sequence
from operator import methodcaller
from typing import Final

from streams.scoring.memo import Memo
from streams.scoring.stop_words import STOP_WORDS

MOST: Final = 10
MAX_WORDS: Final = 4
MAX_TOKENS: Final = 4_000
_CUT: Final = " "
# Before each word that no cut takes the place of.
_JOINT: Final = "\0"
_LINE: Final = "\n"
_blanks_in = methodcaller("count", " ")


def key_phrases(words: Sequence[str]) -> tuple[str, ...]:
    """At most ten phrases in lower case, the best first, from what `words_of` made of a text."""
    return phrases_of("".join(map(_WORTH.__getitem__, words[:MAX_TOKENS])))


def phrases_of(worth: str) -> tuple[str, ...]:
    """The same from what `worth_of` says of each of the words, at most MAX_TOKENS of them."""
    runs = _CUT.join(worth.split())
    if not runs:
        return ()
    phrases = runs.replace(f"{_CUT}{_JOINT}", _LINE).replace(_JOINT, " ")[1:].split(_LINE)
    longest = max(map(_blanks_in, phrases))
    if longest >= MAX_WORDS:
        phrases = [piece for phrase in phrases for piece in _pieces(phrase.split(" "))]
    together = " ".join(phrases).split(" ")
    # Where no word stands twice, each phrase is worth the number of its words.
    repeated = len(set(together)) < len(together)
    if not repeated and not longest:
        return tuple(phrases[:MOST])
    # Sorting is stable: of equals the first in the text comes first.
    if not repeated:
        return tuple(sorted(phrases, key=_blanks_in, reverse=True)[:MOST])
    worth_of_phrase = _worth_of(phrases)
    return tuple(sorted(worth_of_phrase, key=worth_of_phrase.__getitem__, reverse=True)[:MOST])


def _worth_of(phrases: Sequence[str]) -> dict[str, float]:
    parts = {phrase: phrase.split(" ") for phrase in phrases}
    degree: dict[str, int] = {}
    frequency: dict[str, int] = {}
    for phrase in phrases:
        words = parts[phrase]
        together = len(words)
        for word in words:
            degree[word] = degree.get(word, 0) + together
            frequency[word] = frequency.get(word, 0) + 1
    worth = {phrase: sum([degree[word] / frequency[word] for word in words]) for phrase, words in parts.items()}
    if len(parts) < len(phrases):
        for phrase, count in Counter(phrases).items():
            worth[phrase] *= count
    return worth


def _pieces(words: list[str]) -> list[str]:
    return [" ".join(words[start : start + MAX_WORDS]) for start in range(0, len(words), MAX_WORDS)]


def worth_of(token: str) -> str:
    """The token behind a joint, or a cut: for a stop word, for punctuation, and for what no phrase should show."""
    plain = token.removesuffix("'s")
    if token in STOP_WORDS or plain in STOP_WORDS or not token[0].isalpha() or len(token) < 2 or len(token) > 40:
        return _CUT
    # Redactions, and adverbs, which are no part of a noun phrase.
    cut = "'" in plain or not plain.strip("x") or (plain.endswith("ly") and len(plain) > 5)
    return _CUT if cut else f"{_JOINT}{plain}"


_WORTH: Final[Memo[str]] = Memo(worth_of)
