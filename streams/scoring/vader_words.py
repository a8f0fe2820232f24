"""What VADER's rules see of a word, as one letter: a text becomes a string that C code can search and cut.

Lexicon, boosters, negations and idioms are those that the package vaderSentiment installs.
"""

import re
import string
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

_ANALYZER: Final = SentimentIntensityAnalyzer()
_LEXICON: Final[dict[str, float]] = _ANALYZER.lexicon
_BOOSTERS: Final[dict[str, float]] = BOOSTER_DICT
_NEGATIONS: Final = frozenset[str](NEGATE)

# The rules ask for these words by name; all other words with the same figures are alike to them.
_ASKED_FOR: Final = (
    *("no", "or", "nor", "never", "so", "this", "without", "doubt", "least", "at", "very", "kind", "of", "but"),
    *(word for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase for word in phrase.split()),
)
_LOOKING_AHEAD: Final = {"no", "kind", *(idiom.split()[0] for idiom in SPECIAL_CASES)}
# For all the words that are in no list: those with "n't" in them, and the others.
_NEGATING: Final = "n't"
_UNLISTED: Final = ""


class Word(NamedTuple):
    """All that a rule asks about a word. The words that agree in this share one code."""

    name: str  # in lower case; empty if no rule asks for the word by name
    valence: float | None  # mean rating from -4 to 4; None if the lexicon does not have the word
    boost: float  # of a degree adverb: 0.293 or -0.293
    negates: bool
    shouted: bool = False  # in capitals

    @property
    def is_rated(self) -> bool:
        """Whether the word counts by itself. A booster does not, even if the lexicon lists it."""
        return self.valence is not None and not self.boost

    @property
    def looks_ahead(self) -> bool:
        """Whether it matters to the word what stands after it: it can be the first of an idiom, or turn the next."""
        return self.name in _LOOKING_AHEAD


def spell_emoji(text: str) -> str:
    """The text with each emoji replaced by its description, set off from what precedes it."""
    # To search is many times as fast as to translate.
    return text if text.isascii() or not _PICTOGRAPH.search(text) else text.translate(_EMOJI)


def code_of(token: str) -> str:
    """The code of what stands between two blanks: a small letter, or a capital if the token is in capitals.

    The token is a word without the punctuation around it, or a smiley.
    """
    stripped = token.strip(string.punctuation)
    # Of ":)" nothing would be left, of ":-D" one letter.
    word = stripped if len(stripped) > 2 else token
    lowered = word.lower()
    code = _CODES.get(lowered) or _CODES[_NEGATING if _NEGATING in lowered else _UNLISTED]
    return code.upper() if word.isupper() else code


def _seen(lowered: str) -> Word:
    return Word(
        lowered if lowered in _ASKED_FOR else "",
        _LEXICON.get(lowered),
        _BOOSTERS.get(lowered, 0.0),
        lowered in _NEGATIONS or _NEGATING in lowered,
    )


def _letters() -> Iterator[str]:
    """Small letters with a capital of their own."""
    for letter in map(chr, range(ord("a"), 0x1000)):
        capital = letter.upper()
        if letter.islower() and capital.isupper() and capital.lower() == letter and len(capital) == 1:
            yield letter


def _blocks(points: Iterable[int]) -> str:
    """A character class for the parts of Unicode that the points are in; others are in them too."""
    parts: list[list[int]] = []
    for point in sorted(points):
        if parts and point - parts[-1][-1] < 0x100:
            parts[-1].append(point)
        else:
            parts.append([point])
    return "".join(f"{chr(part[0])}-{chr(part[-1])}" for part in parts)


# The keys of more than one character never match: the stock analyzer looks up one character at a time.
_EMOJI: Final = {ord(emoji): f" {said}" for emoji, said in _ANALYZER.emojis.items() if len(emoji) == 1}
_PICTOGRAPH: Final = re.compile(f"[{_blocks(_EMOJI)}]")
_KNOWN: Final = {
    lowered: _seen(lowered)
    for lowered in sorted({*_LEXICON, *_BOOSTERS, *_NEGATIONS, *_ASKED_FOR, _NEGATING, _UNLISTED})
}
_ALPHABET: Final = dict(zip(dict.fromkeys(_KNOWN.values()), _letters(), strict=False))
_CODES: Final = {lowered: _ALPHABET[word] for lowered, word in _KNOWN.items()}
WORDS: Final = {
    **{code: word for word, code in _ALPHABET.items()},
    **{code.upper(): word._replace(shouted=True) for word, code in _ALPHABET.items()},
}
