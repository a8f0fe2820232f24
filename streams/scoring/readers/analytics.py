"""Preset E, analytics: category, subcategory, urgency and emotion by the number of keywords found."""

from typing import Final

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.readers.substrings import counts_in, has_any, most
from streams.scoring.readings import GENERAL, Reading, Signal, TextByText, Urgency, bounded, urgency_of
from streams.scoring.words import lowered, words_of

# In the order in which preset E lists them: on a tie the first wins.
KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "billing": ("payment", "charge", "invoice", "refund", "subscription", "price"),
    "technical": ("bug", "error", "crash", "slow", "broken", "fix", "issue"),
    "account": ("login", "password", "reset", "access", "permission", "locked"),
    "feature": ("request", "feature", "add", "new", "implement", "suggestion"),
    "integration": ("api", "integration", "connect", "sync", "import", "export"),
    "documentation": ("how to", "guide", "tutorial", "help", "documentation", "manual"),
}
CATEGORIES: Final = (*KEYWORDS, GENERAL)
SUBCATEGORIES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "billing": {
        "refund_request": ("refund",),
        "plan_change": ("upgrade", "downgrade"),
        "cancellation": ("cancel",),
    },
    "technical": {"api_issue": ("api",), "performance": ("performance", "slow")},
}
URGENCY: Final[dict[Urgency, tuple[str, ...]]] = {
    "critical": ("urgent", "asap", "immediately", "critical", "emergency", "down", "broken completely"),
    "high": ("important", "soon", "quickly", "high priority", "affecting business"),
    "medium": ("when possible", "would like", "hoping", "planning"),
    "low": ("whenever", "no rush", "curious", "question", "wondering"),
}
IMPACT: Final = ("business impact", "losing customers", "revenue loss")
BAD: Final = -0.5
EMOTIONS: Final[dict[str, tuple[str, ...]]] = {
    "frustrated": ("frustrated", "annoying", "irritated", "fed up"),
    "angry": ("angry", "furious", "unacceptable", "terrible"),
    "confused": ("confused", "don't understand", "unclear", "lost"),
    "happy": ("happy", "pleased", "great", "excellent", "love"),
    "grateful": ("thank", "appreciate", "grateful", "helpful"),
}
# System E names these three markers and does not say how it finds them; these are the plainest words for them.
MARKERS: Final[tuple[tuple[Signal, tuple[str, ...]], ...]] = (
    ("contains_code", ("```", "code", "function(", "def ", "class ")),
    ("contains_error", ("error", "exception", "traceback", "failed")),
    ("contains_screenshot", ("screenshot", "attached image", "see image")),
)


class AnalyticsReader(TextByText):
    """Reads as system E does; an emotion's strength is its share of the emotional keywords found."""

    name = "analytics"

    def __init__(self, language: LanguageGuess) -> None:
        self._language = language

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """The emotion is neutral if no emotional keyword is found; a polarity below -0.5 is of high urgency."""
        text = bounded(text)
        words = words_of(text)
        lower = lowered(text)
        category = _category(lower)
        counts = counts_in(lower, EMOTIONS)
        total = sum(counts.values())
        return Reading(
            emotions={name: round(count / total, 2) for name, count in counts.items()},
            emotion=most(counts) or "neutral",
            urgency=urgency_of(priority) or _urgency(lower, polarity),
            category=category,
            subcategory=_subcategory(lower, category),
            key_phrases=key_phrases(words),
            signals=tuple(name for name, marks in MARKERS if has_any(text.lower(), marks)),
            questions=text.count("?"),
            language=self._language.of(text, words),
        )


def category_of(text: str) -> str:
    """One of CATEGORIES. A keyword counts once, wherever it stands, also within a word: that is the preset's rule."""
    return _category(lowered(text))


def _category(lower: str) -> str:
    return most(counts_in(lower, KEYWORDS)) or GENERAL


def _subcategory(lower: str, category: str) -> str | None:
    """The first of the category's subcategories of which a word is found."""
    for name, words in SUBCATEGORIES.get(category, {}).items():
        if has_any(lower, words):
            return name
    return "data_issue" if category == "technical" and "data" in lower and "loss" in lower else None


def _urgency(lower: str, polarity: float) -> Urgency:
    """The first urgency of which a keyword is found; else high for an impact on business and for a bad mood."""
    for urgency, words in URGENCY.items():
        if has_any(lower, words):
            return urgency
    return "high" if polarity < BAD or has_any(lower, IMPACT) else "medium"
