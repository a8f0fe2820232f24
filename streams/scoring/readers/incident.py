"""Preset B, incident automation: seven categories with a confidence.

The system that this preset replaces asks a language model. Here the default preset's phrases decide, under B's names;
whatever fulfils `Classifier` can take their place.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.matcher import Matcher
from streams.scoring.readings import Reading, TextByText, bounded, urgency_of
from streams.scoring.taxonomy import TOPICS
from streams.scoring.topic_votes import PREFIX, vote
from streams.scoring.word_lists import read_lists
from streams.scoring.words import words_of

OTHER: Final = "other"
CATEGORIES: Final = (
    *("duplicate_payment", "failed_payment", "fraud_report", "refund_request", "account_locked", "statement_error"),
    OTHER,
)


class Classification(NamedTuple):
    """A category of B's, how sure it is (0 to 1), and the phrases that speak for it."""

    category: str
    confidence: float
    reason: str


class Classifier(Protocol):
    """Tells a text's category. It is given the text and what `words_of` made of it."""

    def classify(self, text: str, words: Sequence[str]) -> Classification: ...


class PhraseClassifier:
    """The default preset's topics, under B's names."""

    def __init__(self) -> None:
        self._matcher = Matcher(read_lists("topics"))

    def classify(self, text: str, words: Sequence[str]) -> Classification:
        """`other` with a confidence of 0 if no phrase of any topic stands in the text."""
        hits = self._matcher.find_words(words)
        topic, confidence = vote(hits)
        said = dict.fromkeys(" ".join(words[hit.start : hit.end]) for hit in hits if hit.list == f"{PREFIX}{topic}")
        return Classification(TOPICS[topic].incident, confidence, ", ".join(said) or "no known phrase")


class IncidentReader(TextByText):
    """Reads as system B does; the ticket's own priority is its urgency, else medium."""

    name = "incident"

    def __init__(self, language: LanguageGuess, classifier: Classifier | None = None) -> None:
        self._language = language
        self._classifier = classifier or PhraseClassifier()

    def classify(self, text: str) -> Classification:
        """The category with its confidence and reason, as B's answer to an incident states them."""
        text = bounded(text)
        return self._classifier.classify(text, words_of(text))

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """Category, key phrases and questions: B reads no emotion."""
        text = bounded(text)
        words = words_of(text)
        return Reading(
            category=self._classifier.classify(text, words).category,
            urgency=urgency_of(priority) or "medium",
            key_phrases=key_phrases(words),
            questions=text.count("?"),
            language=self._language.of(text, words),
        )
