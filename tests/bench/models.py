"""The stage `score` with models that were learned in force against without, in turns within one process: batches of
1,000 events with texts of 100 characters.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from rich.console import Console

from streams.engine.garbage import collect_garbage_seldom
from streams.escalation.book import preset_book
from streams.learning.examples import Example, cut_in_time, mood
from streams.learning.in_force import InForce
from streams.learning.judging import load_models
from streams.learning.shelf import Shelf
from streams.learning.training import train
from streams.score import NO_MODELS, Models, ScoreStage
from streams.scoring import scorer_of
from streams.stages import load_preset
from tests.bench.figures import Figure
from tests.bench.score import complaints
from tests.bench.score_cost import event_micros, speed_with
from tests.evaluations.texts import banking
from tests.unit.records import raw

LAPS, QUICK_LAPS = 5, 3
_BATCH: Final = 1_000
_KEY: Final = SecretStr("only for this bench")
_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


def measure(laps: int, console: Console) -> list[Figure]:
    """A model of sentiment, which learned the lexicon's own labels of these texts, and one of BANKING77's intents."""
    texts = complaints()[:_BATCH]
    records = [raw(place, event_id=str(place), text=text) for place, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        models = _models(Path(folder), texts)
        stage = ScoreStage(preset_book("support"), load_preset)
        # As in a worker: what was loaded to train is not looked at again and again.
        collect_garbage_seldom()
        sides: dict[str, Models] = {"without": NO_MODELS, **models}
        found: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(laps + 1):
            for name, side in sides.items():
                stage.adopt_models(side)
                found[name].append(event_micros(stage, records))
    figures = [speed_with("models", name, found["without"][1:], found[name][1:]) for name in models]
    for figure in figures:
        console.print(f"  models: {figure.name}: {figure.value:.2f}  {figure.note}")
    return figures


def _models(folder: Path, texts: Sequence[str]) -> dict[str, Models]:
    shelf = Shelf(folder, _KEY.get_secret_value().encode())
    versions = []
    scored = zip(complaints(), scorer_of("support").score_all(complaints()), strict=True)
    labelled = [Example(text, mood(each.sentiment.label)) for text, each in scored if each.sentiment]
    for trained in (
        train("sentiment", cut_in_time(labelled, 0.8), _NOW),
        train("category", cut_in_time(banking("test"), 0.8), _NOW),
    ):
        shelf.keep(trained.card, trained.arrays)
        versions.append(trained.card.version)
    sentiment, category = versions
    one = InForce().with_champion("", "sentiment", sentiment)
    found: dict[str, Models] = {}
    for name, in_force in (("sentiment", one), ("sentiment and category", one.with_champion("", "category", category))):
        shelf.write_in_force(in_force)
        found[name] = load_models(folder, _KEY)
    return found
