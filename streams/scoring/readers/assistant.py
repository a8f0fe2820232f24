"""Preset D, assistant: whether a message shows that the customer is dissatisfied. The third in a session escalates."""

from typing import Final

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.readers.substrings import has_any
from streams.scoring.readings import Reading, Signal, TextByText, bounded, urgency_of
from streams.scoring.words import lowered, words_of

HUMAN_PHRASES: Final = ("speak to someone", "talk to support", "contact support", "human support")
PHRASES: Final = (
    *("not satisfied", "doesn't help", "still wrong", "not working", "i need help"),
    *HUMAN_PHRASES,
    *("this is wrong", "not what i asked", "doesn't answer", "unclear", "confusing", "frustrated", "not helpful"),
)


class AssistantReader(TextByText):
    """Reads as system D does; `keywords` are the phrases found, of which D counts the most frequent."""

    name = "assistant"

    def __init__(self, language: LanguageGuess) -> None:
        self._language = language

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """`dissatisfied` with any of D's phrases, and `wants_human` with those that ask for one."""
        text = bounded(text)
        words = words_of(text)
        lower = lowered(text)
        phrases = tuple(filter(lower.__contains__, PHRASES))
        signals: list[Signal] = []
        if phrases:
            signals.append("dissatisfied")
        if has_any(lower, HUMAN_PHRASES):
            signals.append("wants_human")
        return Reading(
            urgency=urgency_of(priority) or "medium",
            key_phrases=key_phrases(words),
            signals=tuple(signals),
            questions=text.count("?"),
            keywords=phrases,
            language=self._language.of(text, words),
        )
