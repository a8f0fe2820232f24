"""A cheap test that spares most texts the look-up of their language."""

from collections.abc import Sequence
from typing import Final

from streams.scoring.memo import Memo

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


def looks_english(chunks: Sequence[str]) -> bool:
    """Whether one in eight of the first hundred words is a common English one; true also for up to three in ASCII."""
    if len(chunks) < _FEW:
        return all(map(str.isascii, chunks))
    return sum(map(_is_common, chunks[:_HEAD])) * _SHARE >= min(len(chunks), _HEAD)


_is_common = Memo(lambda chunk: chunk.strip(_AROUND).lower() in _COMMON).__getitem__
