"""What is read from a text besides how it sounds: emotion, urgency, topic, phrases, signals."""

from typing import Final, Protocol

from schemas.events import Priority
from schemas.readings import Reading, Signal, Urgency

__all__ = ["GENERAL", "MAX_CHARS", "Reader", "Reading", "Signal", "Urgency", "bounded", "urgency_of"]

GENERAL: Final = "general"
# A longer text is read at its head and its tail: what happened, and what is asked for.
MAX_CHARS: Final = 20_000
_HEAD: Final = MAX_CHARS * 3 // 4

_URGENCY_OF: Final[dict[str | None, Urgency]] = {"urgent": "critical", "high": "high", "medium": "medium", "low": "low"}


class Reader(Protocol):
    """Reads a text in any state. It is pure, never raises and takes a bounded time."""

    name: str

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """`polarity` is -1 to 1, from the preset's scorer; `priority` is the ticket's own, which goes before the text.

        A mail should come without quotes and signature.
        """
        ...


def bounded(text: str) -> str:
    """The text without blanks around it; of more than 20,000 characters, the first 15,000 and the last 5,000."""
    text = text.strip()
    return text if len(text) <= MAX_CHARS else f"{text[:_HEAD]}\n{text[_HEAD - MAX_CHARS :]}"


def urgency_of(priority: Priority | str | None) -> Urgency | None:
    """The urgency that a ticket's own priority states; None without one, or with one that is not known."""
    return _URGENCY_OF.get(priority)
