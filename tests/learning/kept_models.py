"""Folders with models in them, for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from schemas.scored import LABELS
from streams.learning.card import ModelCard
from streams.learning.shelf import Shelf

KEY = "a key of some length"
FIRST, SECOND, THIRD = (f"20261122-08{minute}00-1a2b3c4d" for minute in (10, 20, 30))
CARD = ModelCard(
    kind="sentiment",
    version=FIRST,
    classes=LABELS,
    trained_at=datetime(2026, 11, 22, tzinfo=UTC),
    rows=1234,
    fingerprint="1a",
    recipe="linear-1",
    options={"blocks": [], "scale": 1.0, "lexicon": False},
)


def card(version: str = FIRST, **changes: Any) -> ModelCard:
    """A card with fields changed."""
    return msgspec.structs.replace(CARD, version=version, **changes)


def shelf_of(folder: Path, *cards: ModelCard) -> Shelf:
    """A folder with these models: files as they are, of classifiers that learned nothing."""
    shelf = Shelf(folder, KEY.encode())
    for each in cards:
        nothing = np.zeros(len(each.classes))
        shelf.keep(each, {"weights": np.zeros((0, len(nothing)), np.float32), "bias": nothing, "offsets": nothing})
    return shelf
