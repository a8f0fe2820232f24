"""Presets: how a team wants its texts scored, as data."""

from collections.abc import Mapping
from importlib import resources
from typing import Final

import msgspec

from streams.scoring.data_file import read_data
from streams.scoring.scorer import HELPDESK_BANDS


class Blend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much each figure of the general scorers counts; all are from -1 to 1."""

    compound: float
    balance: float
    polarity: float


class Pooling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text of more than `above` characters is scored by sentence; a sentence weighs `floor` + |sentence|."""

    above: int
    floor: float


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`bands`: the four scores, rising, at which the five labels change."""

    bands: tuple[float, float, float, float]
    blend: Blend
    pooling: Pooling

    def __post_init__(self) -> None:
        if list(self.bands) != sorted({*self.bands}) or not 0 < self.bands[0] < self.bands[-1] < 10:
            raise ValueError(f"bands must rise between 0 and 10, not {self.bands}")


# Scores at which the labels of the presets change that other systems' rules make; where there are three labels, the
# outer bounds are beyond the scale.
_BOUNDS: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "helpdesk": HELPDESK_BANDS,
    **dict.fromkeys(("incident", "whatsapp", "assistant"), (-1.0, 4.5, 5.51, 11.0)),
    "analytics": (-1.0, 3.51, 6.5, 11.0),
}


def label_bounds(name: str) -> tuple[float, float, float, float]:
    """The four scores, rising, at which a preset's labels change, as in `label_of`."""
    return _BOUNDS.get(name) or read_preset(name).bands


def read_preset(name: str) -> Preset:
    """The preset that is installed under a name. Raises ValueError, which names the file and what is wrong in it."""
    return read_data(resources.files(__package__) / "presets" / f"{name}.toml", Preset)
