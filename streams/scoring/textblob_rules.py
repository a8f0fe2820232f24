"""How TextBlob's pattern analyzer assesses words that follow each other (textblob 0.20.1, after pattern.en)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.scoring.textblob_words import Word

_LOUDER: Final = 1.25
_NEGATED: Final = -0.5


class Assessment(NamedTuple):
    """What a listed word, with the adverbs before it, or a smiley adds to the average."""

    polarity: float
    subjectivity: float
    negated: bool

    def exclaimed(self) -> "Assessment":
        """With an exclamation mark behind it."""
        return self._replace(polarity=_clamped(self.polarity * _LOUDER))

    @property
    def signed(self) -> float:
        """Polarity; "not good" is slightly bad, "not bad" slightly good."""
        return self.polarity * _NEGATED if self.negated else self.polarity


class Run(NamedTuple):
    """What words add that stand together. Exclamation marks before the first assessment are for the run before.

    `figures` are polarity, signed, and subjectivity of each assessment.
    """

    exclamations: int
    assessments: tuple[Assessment, ...]
    figures: tuple[tuple[float, float], ...]


def assess(words: Iterable[Word]) -> Run:
    """Assess words with none between them that ends what a negation or an adverb began."""
    reading = _Reading()
    for word in words:
        if word.scores:
            reading.listed(word, *word.scores)
        else:
            reading.unlisted(word)
    assessments = tuple(reading.assessed())
    return Run(reading.exclamations, assessments, tuple((each.signed, each.subjectivity) for each in assessments))


@dataclass(slots=True)
class _Draft:
    polarity: float
    subjectivity: float
    intensity: float = 1.0
    negated: bool = False


class _Reading:
    """What has been assessed, and the adverb and the negation that wait for the next word."""

    def __init__(self) -> None:
        self.exclamations = 0
        self._drafts: list[_Draft] = []
        self._modifier: Word | None = None
        self._negation = False

    def listed(self, word: Word, polarity: float, subjectivity: float, intensity: float) -> None:
        if self._modifier:
            last = self._drafts[-1]
            last.polarity = _clamped(polarity * last.intensity)
            last.subjectivity = _clamped(subjectivity * last.intensity)
            last.intensity = intensity
        else:
            self._drafts.append(last := _Draft(polarity, subjectivity, intensity))
        if self._negation:
            last.intensity = 1.0 / last.intensity
            last.negated = True
        self._modifier = word if word.modifies else None
        self._negation = word.negates

    def unlisted(self, word: Word) -> None:
        self._negation = word.negates or (self._negation and not word.ends_negation)
        if self._negation and self._modifier and self._modifier.can_be_negated:
            self._drafts[-1].negated = True
            self._negation = False
        elif word.ends_modifier:
            self._modifier = None
        if word.exclaims:
            self._exclaim()
        if word.mood is not None:
            self._drafts.append(_Draft(word.mood, 1.0))

    def assessed(self) -> Iterator[Assessment]:
        return (Assessment(draft.polarity, draft.subjectivity, draft.negated) for draft in self._drafts)

    def _exclaim(self) -> None:
        if self._drafts:
            self._drafts[-1].polarity = _clamped(self._drafts[-1].polarity * _LOUDER)
        else:
            self.exclamations += 1


def _clamped(figure: float) -> float:
    return max(-1.0, min(figure, 1.0))
