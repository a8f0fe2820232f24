"""What is read from a text besides how it sounds."""

from typing import Literal

import msgspec

# The product's own way to score and read, and those of systems A to E that it replaces.
PresetName = Literal["support", "helpdesk", "incident", "whatsapp", "assistant", "analytics"]
Urgency = Literal["critical", "high", "medium", "low"]
Signal = Literal[
    "contains_code",
    "contains_error",
    "contains_screenshot",
    "dissatisfied",
    "leaving",
    "legal_threat",
    "repeat_contact",
    "wants_human",
]


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a preset reads from one text; the names are the preset's own.

    `emotions` are strengths above 0 and up to 1; `emotion` is the strongest, or the preset's single answer.
    `key_phrases` are at most ten, the best first; `signals` are sorted; `questions` is a count; `language` is an
    ISO 639-1 code, None when it is not known.
    """

    emotions: dict[str, float] = {}
    emotion: str | None = None
    urgency: Urgency = "medium"
    category: str = "general"
    subcategory: str | None = None
    key_phrases: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    questions: int = 0
    journey_stage: str | None = None
    keywords: tuple[str, ...] = ()
    language: str | None = None
