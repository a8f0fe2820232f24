"""What an alert says to a person: a sentence, examples of tickets, and the phrases that are new or more frequent."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from schemas.alerts import Measure, Phrase
from schemas.windows import NO_SCORE, Sample, WindowKey
from streams.spikes.watch import Episode

MAX_TICKETS: Final = 10
MAX_PHRASES: Final = 5
# A phrase is told of when so many texts have it, and its share is so many times what it was before.
LEAST_TEXTS: Final = 3
LEAST_RISE: Final = 2.0
# A phrase that nobody used before is taken to have been in half a text.
UNHEARD: Final = 0.5

_NAMES: Final[dict[Measure, str]] = {
    "volume": "events",
    "very_negative": "very negative messages",
    "negative_share": "share of negative messages",
    "escalation_rate": "escalations for each message",
    "score": "average score",
    "category_share": "share of all events",
}
_COUNTS: Final = ("volume", "very_negative")


def tickets_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The tickets of the unhappiest texts, each once."""
    worst = sorted(samples, key=lambda each: (each.score == NO_SCORE, each.score, each.rank))
    return tuple(dict.fromkeys(each.ticket_id for each in worst))[:MAX_TICKETS]


def phrases_of(during: Sequence[Sample], before: Sequence[Sample]) -> tuple[Phrase, ...]:
    """The phrases whose share of the texts has risen most, the greatest rise times share first."""
    texts, usual = Counter[str](), Counter[str]()
    for each in during:
        texts.update(set(each.phrases))
    for each in before:
        usual.update(set(each.phrases))
    found = []
    for phrase, count in texts.items():
        share = count / len(during)
        share_before = usual[phrase] / len(before) if before else 0.0
        rise = share / max(share_before, UNHEARD / max(len(before), 1))
        if count >= LEAST_TEXTS and rise >= LEAST_RISE:
            found.append((share * rise, Phrase(phrase, round(share, 4), round(share_before, 4))))
    found.sort(key=lambda one: (-one[0], one[1].phrase))
    return tuple(phrase for _, phrase in found[:MAX_PHRASES])


def summary_of(key: WindowKey, measure: Measure, episode: Episode) -> str:
    """One sentence with the figures."""
    where = f"{key.dimension} {key.value}" if key.value else "all channels"
    worst, seconds = episode.worst, episode.worst.windows * key.size
    span = f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"
    if episode.kind == "silence":
        return f"{where}: nothing for {span}, where {worst.expected:.0f} events are usual"
    seen, usual = (_shown(figure, measure) for figure in (worst.observed, worst.expected))
    return f"{where}: {_NAMES[measure]} {seen} in {span}, where {usual} is usual"


def _shown(figure: float, measure: Measure) -> str:
    if measure in _COUNTS:
        return f"{figure:.0f}"
    return f"{figure:.1f}" if measure == "score" else f"{figure:.0%}"
