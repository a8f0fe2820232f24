"""One reader for each preset: what it reads from a text besides the score."""

from importlib import import_module
from typing import Final, cast

from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.readings import Reader

_CLASSES: Final = {
    "support": "SupportReader",
    "helpdesk": "HelpdeskReader",
    "incident": "IncidentReader",
    "whatsapp": "WhatsappReader",
    "assistant": "AssistantReader",
    "analytics": "AnalyticsReader",
}
PRESETS: Final = tuple(_CLASSES)


def reader_of(preset: str) -> Reader:
    """The reader of a preset, one of PRESETS; raises ValueError for another name, and for a list file that is wrong.

    The lists are read here, and no file later but the language model, once, for the first text in doubt.
    """
    if preset not in _CLASSES:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    # A preset's lists are only read by who uses it.
    module = import_module(f"{__name__}.{preset}")
    return cast(Reader, getattr(module, _CLASSES[preset])(LanguageGuess(trained_identifier())))
