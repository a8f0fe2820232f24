"""What another system tells with its request for a person. Pure.

Its `metadata` is any producer's JSON: what is not as described here is passed over, never an error.
"""

from typing import Any, Final, NamedTuple

from schemas.scored import ScoredEvent

LINES: Final = 10
KEYWORDS: Final = 50
CHARS: Final = 1_000


class Line(NamedTuple):
    """One message of the conversation that the other system had."""

    speaker: str
    text: str


class Told(NamedTuple):
    """The last messages, oldest first, a summary in lines, the keywords and the emotion that the other system found."""

    messages: tuple[Line, ...] = ()
    summary: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    emotion: str | None = None


def told_by(event: ScoredEvent | None) -> Told:
    """What an event's `metadata` tells: `conversation_history` (a list of `speaker` and `text`),
    `conversation_summary`, `keywords_detected` and `bot_detected_sentiment`. Nothing for events of other types.
    """
    if event is None or event.type != "escalation_requested":
        return Told()
    asked = event.metadata
    return Told(
        messages=tuple(line for each in _list(asked.get("conversation_history"))[-LINES:] if (line := _line(each))),
        summary=tuple(line for line in (_text(asked.get("conversation_summary")) or "").splitlines() if line.strip()),
        keywords=tuple(word for each in _list(asked.get("keywords_detected"))[:KEYWORDS] if (word := _text(each))),
        emotion=_text(asked.get("bot_detected_sentiment")),
    )


def category_of(event: ScoredEvent) -> str | None:
    """`escalation_category`: what it is about, in the other system's words."""
    return _text(event.metadata.get("escalation_category"))


def _line(each: Any) -> Line | None:
    if not isinstance(each, dict):
        return None
    text = _text(each.get("text"))
    return Line(_text(each.get("speaker")) or "customer", text) if text else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value[:CHARS] if isinstance(value, str) and value else None
