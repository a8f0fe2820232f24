"""The default preset: words and phrases, never parts of words, found in one pass."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, cast

import msgspec

from streams.scoring.key_phrases import MAX_TOKENS, key_phrases, phrases_of
from streams.scoring.language import LanguageGuess
from streams.scoring.markers import questions_in, shown_by
from streams.scoring.matcher import Hit, Matcher
from streams.scoring.memo import Memo
from streams.scoring.readers.substrings import most
from streams.scoring.readings import GENERAL, Asked, Reading, Signal, Urgency, bounded, urgency_of
from streams.scoring.taxonomy import PLACES
from streams.scoring.told import told_by
from streams.scoring.topic_votes import PREFIX, topic_of
from streams.scoring.word_lists import read_lists
from streams.scoring.words import LINE_END, chunks_of, words_of

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
        self._look_up = Memo(told_by).__getitem__
        self._kinds = {each.name: _kind_of(each.name) for each in lists if not each.name.startswith(PREFIX)}

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """Each phrase of an emotion halves what is missing to a strength of 1."""
        return self.read_all([Asked(text, polarity, priority)])[0]

    def read_all(self, asked: Sequence[Asked]) -> list[Reading]:
        """Step by step for all of them, because each step has tables of its own, like the score's steps."""
        texts = [bounded(each.text) for each in asked]
        told = list(map(self._told, texts, asked))
        hits = [self._matcher.find_words(each.words) for each in told]
        phrases = list(map(_phrases_in, told))
        languages = [self._language.of(text, each.words, each.english) for text, each in zip(texts, told, strict=True)]
        topics = [topic_of(found) if found else GENERAL for found in hits]
        shown = [shown_by(text, each.marks) if each.marks else () for text, each in zip(texts, told, strict=True)]
        questions = list(map(questions_in, texts))
        by_kind = [self._by_kind(found) if found else {} for found in hits]
        return list(map(_reading, asked, told, by_kind, topics, phrases, shown, questions, languages))

    def _told(self, text: str, asked: Asked) -> "_Told":
        heard = asked.heard
        if heard is not None and text is asked.text and text.isascii() and LINE_END not in text:
            return _Told(
                list(chain.from_iterable(heard.words)), "".join(heard.worth), sum(heard.english), "".join(heard.marks)
            )
        # Of other letters, what is lower case may hang on the whole text: then it is the words that are looked up.
        rows = list(map(self._look_up, chunks_of(text) if text.isascii() else words_of(text)))
        if not rows:
            return _Told([], "", 0, "")
        words, worth, english, marks = zip(*rows, strict=True)
        if not text.isascii():
            marks = tuple([self._look_up(chunk).marks for chunk in text.split()])
        return _Told(list(chain.from_iterable(words)), "".join(worth), sum(english), "".join(marks))

    def _by_kind(self, hits: Sequence[Hit]) -> "_Found":
        """Those of all lists but the topics."""
        found: dict[str, list[tuple[str, Hit]]] = {}
        for hit in hits:
            if kind := self._kinds.get(hit.list):
                found.setdefault(kind[0], []).append((kind[1], hit))
        return found


class _Told(msgspec.Struct, frozen=True, gc=False):
    """What `Told` says of each chunk, of a whole text."""

    words: Sequence[str]
    worth: str
    english: int
    marks: str


_Named = Iterable[tuple[str, Hit]]
_Found = Mapping[str, _Named]


def _phrases_in(told: _Told) -> tuple[str, ...]:
    return phrases_of(told.worth) if len(told.words) <= MAX_TOKENS else key_phrases(told.words)


def _reading(
    asked: Asked,
    told: _Told,
    found: _Found,
    topic: str,
    phrases: tuple[str, ...],
    shown: tuple[Signal, ...],
    questions: int,
    language: str | None,
) -> Reading:
    category, subcategory = PLACES[topic]
    emotions = _emotions(found["emotions"], asked.polarity) if "emotions" in found else {}
    return Reading(
        emotions=emotions,
        emotion=most(emotions),
        urgency=urgency_of(asked.priority) or _urgency(found.get("urgency", ()), topic, asked.polarity),
        category=category,
        subcategory=subcategory,
        key_phrases=phrases,
        signals=_signals(found["signals"], shown) if "signals" in found else shown,
        questions=questions,
        journey_stage=_latest(found["stages"]) if "stages" in found else None,
        keywords=_phrases(found["keywords"], told.words) if "keywords" in found else (),
        language=language,
    )


def _kind_of(name: str) -> tuple[str, str]:
    """The file that a list stands in, and the list's name there."""
    kind, _, name = name.partition(".")
    return kind, name


def _latest(found: _Named) -> str:
    return max((name for name, _ in found), key=STAGES.index)


def _phrases(found: _Named, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(words[hit.start : hit.end]) for _, hit in found))


def _emotions(found: _Named, polarity: float) -> dict[str, float]:
    missing: dict[str, float] = {}
    for name, hit in found:
        missing[name] = missing.get(name, 1.0) * (1 - hit.weight / 2)
    return {name: round(1 - left, 2) for name, left in missing.items() if name not in _GLAD or polarity > NOT_GLAD}


def _urgency(found: _Named, topic: str, polarity: float) -> Urgency:
    """The highest that the words state, else high for a bad mood; never below what the topic demands."""
    stated: list[Urgency] = [cast(Urgency, name) for name, _ in found] or ["high" if polarity < BAD else "medium"]
    if topic in _LEAST:
        stated.append(_LEAST[topic])
    return max(stated, key=_RISING.index) if len(stated) > 1 else stated[0]


def _signals(found: _Named, shown: Iterable[Signal]) -> tuple[Signal, ...]:
    return tuple(sorted({*(cast(Signal, name) for name, _ in found), *shown}))
