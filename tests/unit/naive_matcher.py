"""The matcher's rules in the plainest way: write out all phrases, and look for each of them at each word."""

from collections.abc import Iterator, Sequence
from itertools import product

from streams.scoring.matcher import REACH, WEAK, Hit
from streams.scoring.word_lists import WordList

_NEGATIONS = {"no", "not", "can't"}


def naive_matches(listed: WordList, words: Sequence[str]) -> list[Hit]:
    """What `Matcher([listed]).find_words(words)` gives, for lists and texts whose only negations are no, not, can't."""
    hits = []
    taken = 0
    for start in range(len(words)):
        found = [
            (len(phrase), -rank, weight)
            for rank, (weight, patterns) in enumerate(
                ((0.0, listed.exceptions), (1.0, listed.entries), (WEAK, listed.weak))
            )
            for phrase in _phrases(patterns)
            if tuple(words[start : start + len(phrase)]) == phrase
        ]
        if not found or start < taken:
            continue
        # The longest; of equals an exception before an entry, and that before a weak one.
        length, _, weight = max(found)
        taken = start + length
        if weight and not (listed.negatable and _negated(words, start)):
            hits.append(Hit(listed.name, weight, start, taken))
    return hits


def _phrases(patterns: Sequence[str]) -> set[tuple[str, ...]]:
    return {
        tuple(" ".join(choice).split())
        for pattern in patterns
        for choice in product(*(list(_choices(part)) for part in pattern.split()))
    }


def _choices(part: str) -> Iterator[str]:
    """The words that may stand in one place; nothing where the place may be left out."""
    if part.startswith("("):
        yield ""
    for word in part.strip("()").split("|"):
        yield word
        if word == "can't":
            yield from ("cant", "cannot", "can not")


def _negated(words: Sequence[str], start: int) -> bool:
    before = list(reversed(words[max(0, start - REACH) : start]))
    comma = before.index(",") if "," in before else REACH
    return not _NEGATIONS.isdisjoint(before[:comma])
