"""Cheap tests that spare most texts the look-up of their language, and English ones being taken for another."""

import re
from collections.abc import Container, Sequence
from typing import Final

from streams.scoring.function_words import FUNCTION_WORDS
from streams.scoring.vader_words import WORDS, code_of

# Frequent in English, and in no other language with Latin letters that support mail comes in.
# fmt: off
_COMMON: Final = frozenset(
    [
        "the", "and", "you", "your", "is", "are", "was", "were", "this", "that", "with", "have", "has", "had", "for",
        "from", "my", "our", "they", "it's", "i'm", "not", "what", "when", "where", "why", "how", "can't", "don't",
        "didn't", "doesn't", "won't", "isn't", "would", "could", "should", "been", "will", "there", "their", "which",
        "please", "thanks", "thank", "still", "get", "got", "it", "of", "to", "at", "be", "just", "again", "never",
        "help", "need", "we", "i",
    ]
)
# fmt: on
_AROUND: Final = ".,;:!?\"'()[]*-"
_HEAD: Final = 100
_FEW: Final = 4
_SHARE: Final = 8
# What the second test looks at, in characters, and the shortest word that says something.
_SEEN: Final = 1_000
_LONG: Final = 4
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_CONTRACTION: Final = re.compile(r"(?:'(?:s|d|ll|ve|re|m)|n't)$")


def looks_english(chunks: Sequence[str], common: Sequence[bool]) -> bool:
    """Whether one in eight of the first hundred words is a common English one; true also for up to three in ASCII.

    `common` is what `is_common` says of each of the chunks between the text's blanks.
    """
    if len(chunks) < _FEW:
        return all(map(str.isascii, chunks))
    return sum(common[:_HEAD]) * _SHARE >= min(len(chunks), _HEAD)


def is_common(chunk: str) -> bool:
    """Whether what stands between two blanks is a common English word, with or without punctuation around it."""
    return chunk.strip(_AROUND).lower() in _COMMON


def is_english_after_all(text: str, language: str, vocabulary: Container[str]) -> bool:
    """Whether a text that was taken for another language has English words enough to be scored.

    "Give me a refund" has two function words of Portuguese. English are contractions, common words, and words of four
    letters or more that VADER rates or that are in the vocabulary, in lower case. There must be one for two function
    words of the other language, and one in seven words.
    """
    words = _WORD.findall(text[:_SEEN].lower())
    foreign = FUNCTION_WORDS.get(language, frozenset())
    other = sum(map(foreign.__contains__, " ".join(words).replace("'", " ").split()))
    known = sum(
        _CONTRACTION.search(word) is not None or _is_known(word, vocabulary) for word in words if word not in foreign
    )
    return known > 0 and 2 * known >= other and 7 * known >= len(words)


def _is_known(word: str, vocabulary: Container[str]) -> bool:
    return word in _COMMON or (len(word) >= _LONG and (word in vocabulary or WORDS[code_of(word)].is_rated))
