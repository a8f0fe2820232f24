"""The part of a re-analysis that takes processor time: rows in, blocks of new rows out. For processes of a pool, which
open no database.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from schemas.readings import PresetName
from schemas.scored import ScoredEvent
from sinks.clickhouse.blocks import Shape
from sinks.clickhouse.native import NativeWriter
from sinks.rows import to_parts
from streams.escalation.book import PolicyBook, preset_book, read_book
from streams.learning.judging import one_model, read_models
from streams.privacy.in_flow import Redaction
from streams.privacy.loading import load_redaction
from streams.reanalysis.judging import Wanted, judge
from streams.reanalysis.rows import Original, Row, is_other, message, read_rows, received, scorers
from streams.score import Models, Preset, score_by_book
from streams.stages import load_preset

# As many as a processor's cache has room for.
_AT_A_TIME = 500


class Model(NamedTuple):
    """Where the current models and policy come from. With a `version` that model alone judges, for everybody."""

    preset: PresetName
    policies: Path | None
    models: Path | None = None
    model_key: SecretStr | None = None
    version: str | None = None
    privacy: Path | None = None
    privacy_keys: SecretStr | None = None

    def book(self) -> PolicyBook:
        """The policies. Raises PolicyError."""
        return preset_book(self.preset) if self.policies is None else read_book(self.policies, self.preset)

    def judging(self) -> Models:
        """The models that were learned: those in force, or the one. Raises for one that cannot be read."""
        if self.version is None or self.models is None or self.model_key is None:
            return read_models(self.models, self.model_key)
        return one_model(self.models, self.model_key, self.version)

    def redaction(self) -> Redaction:
        """What becomes of personal data. Raises FileError."""
        return load_redaction(self.privacy, self.privacy_keys)


class Task(NamedTuple):
    """Rows (JSONCompactEachRow), what is known of the originals of some, and how the new rows are written. With
    `judged` it is told which tickets the scores call for an escalation of.
    """

    lines: bytes
    originals: Mapping[int, Original]
    epoch: int
    shape: Shape
    judged: bool


class Done(NamedTuple):
    """Blocks of new rows, and counts of events. `refused` have rows that cannot be written again: they stay."""

    body: bytes
    events: int
    relabelled: int
    unscored: int
    refused: int
    scorers: Mapping[str, int]
    wanted: Sequence[Wanted]


def work(model: Model, task: Task) -> Done:
    """Score rows anew."""
    book, presets, models, redaction = loaded(model)
    writer = _writer(task.shape)
    rows = read_rows(task.lines)
    blocks: list[bytes] = []
    relabelled = unscored = refused = 0
    by: Counter[str] = Counter()
    judged: list[tuple[Row, ScoredEvent]] = []
    for start in range(0, len(rows), _AT_A_TIME):
        some = rows[start : start + _AT_A_TIME]
        events = score_by_book(
            [received(row, task.originals.get(start + place)) for place, row in enumerate(some)],
            book,
            presets,
            models,
        )
        if not redaction.is_off:
            events, _ = redaction.events(events)
        messages = [message(row, event, task.epoch) for row, event in zip(some, events, strict=True)]
        parts, _, unusable = to_parts("scored_events", messages, writer.block)
        blocks += parts
        refused += len(unusable)
        relabelled += sum(is_other(row, event) for row, event in zip(some, events, strict=True))
        unscored += sum(event.sentiment is None for event in events)
        by.update(scorers(events))
        if task.judged:
            judged += zip(some, events, strict=True)
    return Done(b"".join(blocks), len(rows), relabelled, unscored, refused, dict(by), judge(judged, book))


@lru_cache(maxsize=1)
def loaded(model: Model) -> tuple[PolicyBook, dict[PresetName, Preset], Models, Redaction]:
    """Policies, presets, models and what becomes of personal data, read once in each process. Raises PolicyError."""
    book = model.book()
    return book, {name: load_preset(name) for name in book.presets()}, model.judging(), model.redaction()


@lru_cache(maxsize=1)
def _writer(shape: Shape) -> NativeWriter:
    return shape.writer()
