"""What is read from a text besides how it sounds: emotion, urgency, topic, phrases, signals."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from schemas.events import Priority
from schemas.readings import Reading, Signal, Urgency
from streams.scoring.heard import Heard

__all__ = [
    "GENERAL",
    "MAX_CHARS",
    "Asked",
    "Reader",
    "Reading",
    "Signal",
    "TextByText",
    "Urgency",
    "bounded",
    "urgency_of",
]

GENERAL: Final = "general"
# A longer text is read at its head and its tail: what happened, and what is asked for.
MAX_CHARS: Final = 20_000
_HEAD: Final = MAX_CHARS * 3 // 4

_URGENCY_OF: Final[dict[str | None, Urgency]] = {"urgent": "critical", "high": "high", "medium": "medium", "low": "low"}


class Asked(NamedTuple):
    """What a reader is given for one text: see `Reader.read`. `heard` is what the scorer heard in it, if it tells."""

    text: str
    polarity: float
    priority: str | None
    heard: Heard | None = None


class Reader(Protocol):
    """Reads a text in any state. It is pure, never raises and takes a bounded time."""

    name: str

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """`polarity` is -1 to 1, from the preset's scorer; `priority` is the ticket's own, which goes before the text.

        A mail should come without quotes and signature.
        """
        ...

    def read_all(self, asked: Sequence[Asked]) -> list[Reading]:
        """One reading for each, in order, as if each were alone."""
        ...


class TextByText(ABC):
    """A reader that gains nothing from many texts at once."""

    @abstractmethod
    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """See `Reader.read`."""

    def read_all(self, asked: Sequence[Asked]) -> list[Reading]:
        """One reading for each, in order."""
        return [self.read(text, polarity, priority) for text, polarity, priority, _ in asked]


def bounded(text: str) -> str:
    """The text without blanks around it; of more than 20,000 characters, the first 15,000 and the last 5,000."""
    text = text.strip()
    return text if len(text) <= MAX_CHARS else f"{text[:_HEAD]}\n{text[_HEAD - MAX_CHARS :]}"


def urgency_of(priority: Priority | str | None) -> Urgency | None:
    """The urgency that a ticket's own priority states; None without one, or with one that is not known."""
    return _URGENCY_OF.get(priority)
