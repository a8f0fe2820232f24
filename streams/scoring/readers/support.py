"""The default preset: words and phrases, never parts of words, found in one pass."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.markers import names_picture, questions_in, shows_code, shows_error
from streams.scoring.matcher import Hit, Matcher
from streams.scoring.readers.substrings import most
from streams.scoring.readings import Asked, Reading, Signal, Urgency, bounded, urgency_of
from streams.scoring.taxonomy import place_of
from streams.scoring.topic_votes import vote
from streams.scoring.word_lists import read_lists
from streams.scoring.words import words_of

LISTS: Final = ("emotions", "urgency", "topics", "signals", "stages", "keywords")
STAGES: Final = ("quotation", "cart", "payment", "delivery")
# "Great, another outage": below this, praise is sarcasm and thanks are a phrase.
NOT_GLAD: Final = -0.3
BAD: Final = -0.5
_GLAD: Final = frozenset({"happy", "grateful"})
_RISING: Final[tuple[Urgency, ...]] = ("low", "medium", "high", "critical")
# What cannot wait, whatever words it is told in.
_LEAST: Final[dict[str, Urgency]] = {
    "security.fraud": "high",
    "account.locked": "high",
    "technical.outage": "high",
    "technical.data_loss": "high",
}


class SupportReader:
    """Reads with the lists of `lists/*.toml`. The taxonomy's table says what a category is to the other presets."""

    name = "support"

    def __init__(self, language: LanguageGuess) -> None:
        self._language = language
        lists = read_lists(*LISTS)
        self._matcher = Matcher(lists)
        self._kinds = {each.name: _kind_of(each.name) for each in lists}

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """Each phrase of an emotion halves what is missing to a strength of 1."""
        return self.read_all([Asked(text, polarity, priority)])[0]

    def read_all(self, asked: Sequence[Asked]) -> list[Reading]:
        """Step by step for all of them, because each step has tables of its own, like the score's steps."""
        texts = [bounded(each.text) for each in asked]
        words = list(map(words_of, texts))
        hits = list(map(self._matcher.find_words, words))
        phrases = list(map(key_phrases, words))
        languages = list(map(self._language.of, texts, words))
        return list(map(self._reading, asked, texts, words, hits, phrases, languages))

    def _reading(
        self,
        asked: Asked,
        text: str,
        words: Sequence[str],
        hits: Sequence[Hit],
        phrases: tuple[str, ...],
        language: str | None,
    ) -> Reading:
        found: dict[str, list[tuple[str, Hit]]] = {}
        for hit in hits:
            kind, name = self._kinds[hit.list]
            found.setdefault(kind, []).append((name, hit))
        topic = vote(hits).topic
        category, subcategory = place_of(topic)
        emotions = _emotions(found.get("emotions", ()), asked.polarity)
        return Reading(
            emotions=emotions,
            emotion=most(emotions),
            urgency=urgency_of(asked.priority) or _urgency(found.get("urgency", ()), topic, asked.polarity),
            category=category,
            subcategory=subcategory,
            key_phrases=phrases,
            signals=_signals(text, words, found.get("signals", ())),
            questions=questions_in(text),
            journey_stage=_latest(found["stages"]) if "stages" in found else None,
            keywords=_phrases(found["keywords"], words) if "keywords" in found else (),
            language=language,
        )


_Found = Iterable[tuple[str, Hit]]


def _kind_of(name: str) -> tuple[str, str]:
    """The file that a list stands in, and the list's name there."""
    kind, _, name = name.partition(".")
    return kind, name


def _latest(found: _Found) -> str:
    return max((name for name, _ in found), key=STAGES.index)


def _phrases(found: _Found, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(words[hit.start : hit.end]) for _, hit in found))


def _emotions(found: _Found, polarity: float) -> dict[str, float]:
    missing: dict[str, float] = {}
    for name, hit in found:
        missing[name] = missing.get(name, 1.0) * (1 - hit.weight / 2)
    return {name: round(1 - left, 2) for name, left in missing.items() if name not in _GLAD or polarity > NOT_GLAD}


def _urgency(found: _Found, topic: str, polarity: float) -> Urgency:
    """The highest that the words state, else high for a bad mood; never below what the topic demands."""
    stated = [cast(Urgency, name) for name, _ in found]
    if not stated:
        stated = ["high" if polarity < BAD else "medium"]
    return max(*stated, _LEAST.get(topic, "low"), key=_RISING.index)


def _signals(text: str, words: Sequence[str], found: _Found) -> tuple[Signal, ...]:
    signals = {cast(Signal, name) for name, _ in found}
    if shows_error(text, words):
        signals.add("contains_error")
    if shows_code(text, words):
        signals.add("contains_code")
    if names_picture(text):
        signals.add("contains_screenshot")
    return tuple(sorted(signals))
