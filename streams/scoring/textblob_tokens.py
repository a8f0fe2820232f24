"""TextBlob's tokens: what its tokenizer makes of a text, without passing seven patterns over the whole of it.

Its sentences matter in one respect only: a smiley in pieces is put together within a sentence, not across its end.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from textblob._text import (
    ABBREVIATIONS,
    EMOTICONS,
    EOS,
    PUNCTUATION,
    RE_ABBR1,
    RE_ABBR2,
    RE_ABBR3,
    RE_EMOTICONS,
    RE_SARCASM,
)

from streams.scoring.textblob_words import SARCASM

# What TextBlob puts in place of a blank line. It ends a sentence and is no token.
SENTENCE_END: Final[str] = EOS

_PUNCTUATION: Final[str] = PUNCTUATION.replace(".", "")
_ELLIPSIS: Final = "..."
# Three dots and more are one mark.
_MARKS: Final = re.compile(r"\.{3,}|.")
_ABBREVIATION_PATTERNS: Final = (RE_ABBR1, RE_ABBR2, RE_ABBR3)
# A sentence ends after one of the first, and after all of the second that follow it.
_ENDS: Final = frozenset((_ELLIPSIS, ".", "!", "?"))
_CLOSES: Final = _ENDS | frozenset("”’)")
_SPACED: Final = str.maketrans({quote: f" {quote} " for quote in "“”‘’'\""})


def tokens_of(chunk: str) -> tuple[str, ...]:
    """The tokens of what stands between two blanks: words, punctuation marks, periods and ellipses."""
    if chunk.isalnum():
        return (chunk,)
    parts = chunk.replace("n't", " n't").translate(_SPACED).split()
    return tuple(chain.from_iterable(map(_peeled, parts)))


def _peeled(part: str) -> list[str]:
    """The punctuation before a word, the word, and the punctuation after it; an abbreviation keeps its period."""
    word = part.lstrip(_PUNCTUATION)
    bare = word.rstrip(PUNCTUATION)
    kept = len(bare) + _length_of_period(word, word[len(bare) :])
    before, bare, after = part[: len(part) - len(word)], word[:kept], word[kept:]
    return [*before, *([bare] if bare else []), *(mark[: len(_ELLIPSIS)] for mark in _MARKS.findall(after))]


def _length_of_period(word: str, after: str) -> int:
    """How much of the punctuation after a word is part of it: a period if that makes an abbreviation."""
    # TextBlob's pattern for "Mr." takes "|" for a consonant.
    period = len(after) - len(after.lstrip("|"))
    dots = after[period : period + len(_ELLIPSIS)]
    end = len(word) - len(after) + period + 1
    return period + 1 if dots.startswith(".") and dots != _ELLIPSIS and _is_abbreviation(word[:end]) else 0


def _is_abbreviation(word: str) -> bool:
    return word in ABBREVIATIONS or any(pattern.match(word) for pattern in _ABBREVIATION_PATTERNS)


def _smileys() -> Iterator[str]:
    yield from chain.from_iterable(EMOTICONS.values())
    # The mark of sarcasm is put together in the same way.
    yield SARCASM


def _precursors(last: bool) -> dict[str, frozenset[str]]:
    """For each piece of a smiley that can be a token behind another one, the characters that can precede it.

    With `last`, only the pieces that end a smiley.
    """
    found: dict[str, set[str]] = {}
    for smiley in _smileys():
        for start in range(1, len(smiley)):
            for stop in [len(smiley)] if last else range(start + 1, len(smiley) + 1):
                found.setdefault(smiley[start:stop], set()).add(smiley[start - 1])
    return {piece: frozenset(characters) for piece, characters in found.items()}


_PRECURSORS: Final = _precursors(last=False)
_PRECURSORS_OF_LAST: Final = _precursors(last=True)
_NONE: Final = frozenset[str]()


def has_last_piece(tokens: Iterable[str]) -> bool:
    """Whether one of the tokens can end a smiley in pieces."""
    return not _PRECURSORS_OF_LAST.keys().isdisjoint(tokens)


def may_end_smiley(token: str, preceding: str) -> bool:
    """Whether the token, behind one that ends with the character `preceding`, can be the last piece of a smiley."""
    return preceding in _PRECURSORS_OF_LAST.get(token, _NONE)


def join_smileys(tokens: Sequence[str]) -> list[str]:
    """The tokens without sentence ends, with the smileys put together whose pieces stand in one sentence."""
    joined: list[str] = []
    done = 0
    for first, end in _groups(tokens):
        joined += tokens[done:first]
        joined += _joined(tokens[first:end])
        done = end
    joined += tokens[done:]
    return [token for token in joined if token != SENTENCE_END]


def _joined(group: Iterable[str]) -> list[str]:
    # TextBlob's own patterns decide.
    line = RE_SARCASM.sub(SARCASM, " ".join(token for token in group if token != SENTENCE_END))
    joined: str = RE_EMOTICONS.sub(lambda found: found[1].replace(" ", "") + found[2], line)
    return joined.split()


def _groups(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where tokens stand of which each but the first may belong to a smiley with the one before it."""
    first = end = 0
    for number in [number for number, token in enumerate(tokens) if token in _PRECURSORS]:
        before = number - 1
        while before >= 0 and tokens[before] == SENTENCE_END:
            before -= 1
        if before < 0 or not _may_join(tokens, before, number):
            continue
        if before >= end:
            if end:
                yield first, end
            first = before
        end = number + 1
    if end:
        yield first, end


def _may_join(tokens: Sequence[str], before: int, number: int) -> bool:
    """Whether the two, with nothing but sentence ends between them, may be pieces of one smiley."""
    if tokens[before][-1] not in _PRECURSORS[tokens[number]]:
        return False
    ended = number - before > 1 or tokens[before] in _ENDS
    return not ended or tokens[number] in _CLOSES
