"""Long texts by sentence: a whole long text is soon as bad, or as good, as the scale goes."""

import re
from collections.abc import Sequence
from typing import Final

# More sentences are joined to pieces, so that the time stays proportional to the text.
_MAX_SENTENCES: Final = 200
_END: Final = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, at least one, none empty unless the text is."""
    sentences = [sentence for part in _END.split(text) if (sentence := part.strip())] or [text]
    if len(sentences) <= _MAX_SENTENCES:
        return sentences
    step = -(-len(sentences) // _MAX_SENTENCES)
    return [" ".join(sentences[first : first + step]) for first in range(0, len(sentences), step)]


def weights_of(polarities: Sequence[float], floor: float) -> list[float]:
    """How much each sentence counts, adding up to 1: the more, the further it is from neutral."""
    if len(polarities) == 1:
        return [1.0]
    weights = [floor + abs(polarity) for polarity in polarities]
    total = sum(weights)
    return [weight / total for weight in weights]
