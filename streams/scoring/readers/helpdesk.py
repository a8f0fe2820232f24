"""Preset A, helpdesk: three emotions, by a fixed amount for each keyword. It knows no categories and no urgency."""

from typing import Final

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.readers.substrings import counts_in, most
from streams.scoring.readings import Reading, TextByText, bounded, urgency_of
from streams.scoring.words import lowered, words_of

# What each keyword found adds to the strength, which ends at 1.
AMOUNTS: Final = {"frustration": 0.2, "urgency": 0.3, "satisfaction": 0.25}
EMOTIONS: Final[dict[str, tuple[str, ...]]] = {
    "frustration": (
        *("third time", "still not fixed", "not working", "unbearable", "frustrated", "angry", "disappointed"),
        *("terrible", "worst", "broken", "useless", "never works", "always fails", "fed up", "ridiculous"),
        *("unacceptable", "urgent", "critical", "emergency"),
    ),
    "urgency": (
        *("urgent", "asap", "immediately", "critical", "emergency", "right now", "as soon as possible"),
        "time sensitive",
    ),
    "satisfaction": (
        *("thank", "thanks", "appreciate", "excellent", "great", "perfect", "wonderful", "helpful", "resolved"),
        "fixed",
    ),
}


class HelpdeskReader(TextByText):
    """Reads as system A does; the ticket's own priority is its urgency, else medium."""

    name = "helpdesk"

    def __init__(self, language: LanguageGuess) -> None:
        self._language = language

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """Strengths of frustration, urgency and satisfaction; the strongest is the emotion."""
        text = bounded(text)
        words = words_of(text)
        counts = counts_in(lowered(text), EMOTIONS)
        emotions = {name: min(1.0, round(AMOUNTS[name] * count, 2)) for name, count in counts.items()}
        return Reading(
            emotions=emotions,
            emotion=most(emotions),
            urgency=urgency_of(priority) or "medium",
            key_phrases=key_phrases(words),
            questions=text.count("?"),
            language=self._language.of(text, words),
        )
