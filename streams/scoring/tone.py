"""How something is said: praise that is meant the other way, and questions."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from streams.scoring.support_lexicon import SARCASM, Hit

# fmt: off
_CHEERS: Final = frozenset(
    [
        "great", "awesome", "amazing", "wonderful", "fantastic", "brilliant", "lovely", "perfect", "nice",
        "excellent", "super",
    ]
)
# fmt: on
_BAD: Final = -0.8
_VERY_BAD: Final = -1.25
# What is left of what is bad when somebody asks for something.
_ASKED: Final = 0.5
# Praise that is meant the other way counts this much of itself against the text.
_MEANT: Final = -0.5
# fmt: off
_OPENERS: Final = frozenset(
    [
        "how", "what", "where", "when", "which", "who", "can", "could", "is", "are", "am", "do", "does", "did",
        "will", "would", "should", "may", "was", "were", "has", "have",
    ]
)
# fmt: on


def is_request(text: str, chunks: Sequence[str]) -> bool:
    """Whether it ends with a question mark and begins as a question that asks for something does ("why" does not)."""
    return text.endswith("?") and not _OPENERS.isdisjoint(map(str.lower, chunks[:3]))


def asked(hits: Sequence[Hit]) -> list[Hit]:
    """The hits as they count in a request: half of what is bad, if it is not very bad."""
    return [replace(hit, weight=hit.weight * _ASKED) if _VERY_BAD < hit.weight < 0 else hit for hit in hits]


def correction_of_request(blend: float) -> float:
    """What a request adds to what the general scorers say of it."""
    return min(blend, 0.0) * (_ASKED - 1)


def sarcasm_in(chunks: Sequence[str], hits: Sequence[Hit]) -> Hit | None:
    """A phrase that is only said in sarcasm, or what went wrong after a "Great," at the beginning."""
    for hit in hits:
        if hit.term.rule == SARCASM:
            return hit
    if chunks[0][-1] != "," or chunks[0][:-1].lower() not in _CHEERS or any(hit.weight > 0 for hit in hits):
        return None
    worst = min(hits, key=_weight)
    return worst if worst.weight <= _BAD else None


def correction_of_sarcasm(blend: float) -> float:
    """What sarcasm adds to what the general scorers say of it: it turns praise."""
    return max(blend, 0.0) * (_MEANT - 1)


def _weight(hit: Hit) -> float:
    return hit.weight
