"""What it costs to read texts: each of the two on the same texts, in this process."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from schemas.shadow import ShadowKind
from streams.learning.choosing import say
from streams.learning.classifier import Classifier
from streams.score import Preset
from streams.scoring.readings import Asked as AskedReading
from streams.scoring.scorer import polarity_of

TEXTS: Final = 500
# The best of so many: whatever else the machine does only adds to it.
_TIMES: Final = 3
Read = Callable[[Sequence[str]], object]


class Cost(NamedTuple):
    """Milliseconds for 1,000 texts, on `texts` texts."""

    champion: float
    challenger: float
    texts: int


def by_model(model: Classifier) -> Read:
    """How a model reads."""
    return lambda texts: say(model, texts)


def by_preset(preset: Preset, kind: ShadowKind) -> Read:
    """How a preset reads: a category needs the score and all else that is read."""

    def categories(texts: Sequence[str]) -> object:
        found = preset.scorer.score_all(texts)
        return preset.reader.read_all(
            [
                AskedReading(each.text, polarity_of(each.sentiment.score) if each.sentiment else 0.0, None, each.heard)
                for each in found
            ]
        )

    return preset.scorer.score_all if kind == "sentiment" else categories


def cost_of(champion: Read, challenger: Read, texts: Sequence[str], clock: Callable[[], float]) -> Cost | None:
    """Both on the same texts; None without any. `clock` is in seconds and never goes back."""
    if not texts:
        return None
    return Cost(_of(champion, texts, clock), _of(challenger, texts, clock), len(texts))


def _of(read: Read, texts: Sequence[str], clock: Callable[[], float]) -> float:
    read(texts[:10])
    took = []
    for _ in range(_TIMES):
        begun = clock()
        read(texts)
        took.append(clock() - begun)
    return min(took) * 1_000_000 / len(texts)
