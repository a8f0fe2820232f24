"""One reader for each preset: what it reads from a text besides the score."""

from importlib import import_module
from typing import Final, cast

from streams.scoring.language import Identify, LanguageGuess
from streams.scoring.readings import Reader

_CLASSES: Final = {
    "helpdesk": "HelpdeskReader",
    "incident": "IncidentReader",
    "whatsapp": "WhatsappReader",
    "assistant": "AssistantReader",
    "analytics": "AnalyticsReader",
    "support": "SupportReader",
}
PRESETS: Final = tuple(_CLASSES)


def reader_of(preset: str, identify: Identify | None = None) -> Reader:
    """The reader of a preset, one of PRESETS; raises ValueError for another name.

    `identify` is asked for the language of texts whose function words leave it in doubt: `trained_identifier()`, or
    nothing. The lists are read here, and never again.
    """
    if preset not in _CLASSES:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    # A preset's lists are only read by who uses it.
    module = import_module(f"{__name__}.{preset}")
    return cast(Reader, getattr(module, _CLASSES[preset])(LanguageGuess(identify)))
