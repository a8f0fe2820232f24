"""One pass over the words of a text that finds the words and phrases of all lists.

At each word of the text the automaton of all patterns follows the text as far as one of them goes, which is a few
words: the time is linear in the text, whatever the number of lists.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Final, NamedTuple

import msgspec

from streams.scoring.patterns import Leaf, Node, automaton
from streams.scoring.word_lists import WordList
from streams.scoring.words import places_of, words_of

# How many words before a phrase a negation may stand.
REACH: Final = 3
WEAK: Final = 0.5
# Stands behind the last word, and in no pattern.
_END: Final = ""
_NEGATIONS: Final = frozenset(
    str.split("no not never without cannot cant hardly nor neither nobody none isnt dont wont")
)


class Match(NamedTuple):
    """A phrase of a list as it stands in the text, whose characters from `start` up to `end` it is."""

    list: str
    phrase: str
    start: int
    end: int


class Hit(msgspec.Struct, frozen=True, gc=False):
    """The same by index into the words; `weight` is 1, or 0.5 for a weak phrase."""

    list: str
    weight: float
    start: int
    end: int


class Matcher:
    """Finds whole words, in any case, with any apostrophe, and never across punctuation.

    Of the phrases of one list that begin at the same word the longest counts, and none begins within another of its
    list. An exception takes its place in the text like a phrase and is not reported.
    """

    def __init__(self, lists: Iterable[WordList]) -> None:
        patterns = [
            (pattern, Leaf(each.name, weight, each.negatable))
            for each in lists
            for weight, group in ((0.0, each.exceptions), (1.0, each.entries), (WEAK, each.weak))
            for pattern in group
        ]
        self._first = automaton(patterns).next

    def find(self, text: str) -> list[Match]:
        """All matches in order, placed by characters."""
        words = words_of(text)
        hits = self.find_words(words)
        places = places_of(text) if hits else []
        return [
            Match(hit.list, " ".join(words[hit.start : hit.end]), places[hit.start][0], places[hit.end - 1][1])
            for hit in hits
        ]

    def find_words(self, words: Sequence[str]) -> list[Hit]:
        """The same, placed by index into `words`, which `words_of` made."""
        hits: list[Hit] = []
        taken: dict[str, int] = {}
        ended = [*words, _END]
        begun = list(map(self._first.get, words))
        for start in compress(range(len(words)), begun):
            first = begun[start]
            if first is None:
                continue
            if ended[start + 1] in first.next:
                found = reversed(_path(first, ended, start + 1))
            elif first.leaves:
                found = iter(((first.leaves, start + 1),))
            else:
                # Most words that may begin a phrase are no phrase, and what follows them goes on with none.
                continue
            for leaves, end in found:
                for name, weight, negatable in leaves:
                    # By a phrase that began earlier, or by a longer one that begins here.
                    if taken.get(name, 0) > start:
                        continue
                    taken[name] = end
                    if weight and not (negatable and _negated(words, start)):
                        hits.append(Hit(name, weight, start, end))
        return hits


def _path(node: Node, words: Sequence[str], end: int) -> list[tuple[tuple[Leaf, ...], int]]:
    """The leaves on the way from a node that is reached at `end`, the longest phrases last."""
    path = []
    while True:
        if node.leaves:
            path.append((node.leaves, end))
        after = node.next.get(words[end])
        if after is None:
            return path
        node, end = after, end + 1


def _negated(words: Sequence[str], start: int) -> bool:
    for word in reversed(words[max(0, start - REACH) : start]):
        if word in _NEGATIONS or word.endswith("n't"):
            return True
        if not (word[0].isalnum() or word[0] == "_"):
            return False
    return False
