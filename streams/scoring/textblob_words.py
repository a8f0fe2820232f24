"""What TextBlob's rules see of a token, as one character: a text becomes a string that C code can search and cut.

The lexicon, the negations and the smileys are those that the package textblob installs.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from textblob._text import EMOTICONS, PUNCTUATION
from textblob.en import sentiment as analyzer

SARCASM: Final = "(!)"

_NEGATIONS: Final = frozenset[str](analyzer.negations)
# No character of a pattern's own, and none that is in a text as a mark.
_FIRST_CODE: Final = 0x100


class Word(NamedTuple):
    """All that a rule asks about a token. The tokens that agree in this share one code."""

    scores: tuple[float, float, float] | None = None  # polarity -1 to 1, subjectivity 0 to 1, intensity; if listed
    modifies: bool = False  # an adverb: its intensity counts for the word after it
    can_be_negated: bool = False  # an adverb in -ly: "really not"
    negates: bool = False
    ends_negation: bool = False
    ends_modifier: bool = False
    exclaims: bool = False
    mood: float | None = None  # the polarity of a smiley, or 0 for the mark of sarcasm

    @property
    def acts_alone(self) -> bool:
        """Whether it does something even if no adverb and no negation waits for the next word."""
        return bool(self.scores or self.negates or self.exclaims or self.mood is not None)


def code_of(token: str) -> str:
    """The code of what the rules see of a token."""
    lowered = token.lower()
    return _CODES.get(lowered) or _UNLISTED_CODES[_lengths(lowered)]


def _lengths(token: str) -> tuple[bool, bool]:
    """Whether the token is long enough to end what a negation before it began, and what an adverb did."""
    return len(token.strip("'")) > 1, len(token) > 2


def _unlisted(token: str) -> Word:
    ends_negation, ends_modifier = _lengths(token)
    return Word(ends_negation=ends_negation, ends_modifier=ends_modifier)


def _listed() -> Iterator[tuple[str, Word]]:
    """Tokens in lower case; of the same token the last one counts."""
    yield "!", _unlisted("!")._replace(exclaims=True)
    yield SARCASM, _unlisted(SARCASM)._replace(mood=0.0)
    # The first mood that has a smiley counts.
    for (_, polarity), smileys in reversed(EMOTICONS.items()):
        for smiley in filter(_is_looked_up, map(str.lower, smileys)):
            yield smiley, _unlisted(smiley)._replace(mood=polarity)
    for word in _NEGATIONS:
        yield word, _unlisted(word)._replace(negates=True)
    # Not dict.items(): the stock analyzer reads its file when it is first asked.
    for word, by_tag in analyzer.items():
        polarity, subjectivity, intensity = by_tag[None]
        modifies = any(tag in by_tag for tag in analyzer.modifiers)
        negatable = modifies and analyzer.modifier(word)
        yield word, Word((polarity, subjectivity, intensity), modifies, negatable, negates=word in _NEGATIONS)


def _is_looked_up(smiley: str) -> bool:
    """The stock analyzer looks no further at a token of letters or at one that is in its list of punctuation."""
    return not smiley.isalpha() and len(smiley) <= 5 and smiley not in PUNCTUATION


_LISTED: Final = dict(_listed())
_UNLISTED: Final = {_lengths(token): _unlisted(token) for token in ("a", "an", "and", "'''")}
_WORDS: Final = dict.fromkeys((*_UNLISTED.values(), *_LISTED.values()))
WORDS: Final = {chr(number): word for number, word in enumerate(_WORDS, _FIRST_CODE)}
_ALPHABET: Final = {word: code for code, word in WORDS.items()}
_CODES: Final = {token: _ALPHABET[word] for token, word in _LISTED.items()}
_UNLISTED_CODES: Final = {lengths: _ALPHABET[word] for lengths, word in _UNLISTED.items()}
# Most tokens: in no list, and long enough to end what a negation or an adverb before it began.
OTHER: Final = code_of("and")
