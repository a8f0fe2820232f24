"""Text to sentiment. Pure: no clock, no file at call time, no framework."""

import logging
from typing import Final, get_args

from schemas.readings import PresetName
from streams.scoring.scorer import Explained, Explainer, Scorer

__all__ = [
    "PRESETS",
    "Explained",
    "Explainer",
    "Scorer",
    "scorer_of",
    "scorer_or_unavailable",
]

PRESETS: Final[tuple[PresetName, ...]] = get_args(PresetName)

_log = logging.getLogger(__name__)


def scorer_of(preset: str) -> Explainer:
    """The scorer of a preset, one of PRESETS, which is loaded here and reads no file later.

    Raises ValueError for another name, and for a lexicon or preset file that is wrong, with the file's name.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    # The libraries and their lexicons take a second to load; only who scores should wait for them.
    if preset == "support":
        from streams.scoring.support_scorer import read_support_scorer  # noqa: PLC0415

        return read_support_scorer()
    from streams.scoring.stock_scorers import STOCK_SCORERS  # noqa: PLC0415

    return STOCK_SCORERS[preset]


def scorer_or_unavailable(preset: str) -> Explainer:
    """The scorer of a preset, or, if it cannot be loaded, one that scores nothing and says why; that is logged once.

    Raises ValueError for a name that is none of PRESETS: that is a setting to correct, not a scorer that is missing.
    """
    try:
        from streams.scoring.language import load_identifier  # noqa: PLC0415

        # A process that serves others cannot stand still for a second when the first text is in doubt.
        load_identifier()
        return scorer_of(preset)
    except Exception as error:  # a missing package, a broken file, too little memory for the lexicons
        if preset not in PRESETS:
            raise
        from streams.scoring.unavailable import UnavailableScorer  # noqa: PLC0415

        _log.exception("the scorer %s cannot be loaded; events go on without a sentiment", preset)
        return UnavailableScorer(f"{type(error).__name__}: {error}")
