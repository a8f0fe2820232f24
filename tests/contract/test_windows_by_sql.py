"""What the stages publish of a badly behaved stream, against what SQL alone makes of the scored events."""

import json
from pathlib import Path

import pytest

from streams import topics
from streams.engine.log import Outgoing
from streams.engine.partitioner import partition_of
from streams.escalation.book import preset_book
from streams.score import ScoreStage
from streams.stages import load_preset
from streams.track import TrackStage
from streams.trends import TrendsStage
from streams.windows import WindowRules
from tests.soak.generator import Generator
from tests.soak.oracle import Scored
from tests.soak.sql import by_sql
from tests.soak.windows import FIGURES, SIZES, Watermarks, Windows, differences
from tests.unit.records import EVENT_IDS, NINE, Appended, Partition

PARTITIONS, EVENTS, AT_ONCE, STEP_MS, DAY_MS = 3, 2_000, 100, 700, 86_400_000


class Pipeline:
    """All stages, driven as the engine does it; what they write is kept."""

    def __init__(self) -> None:
        # Its escalations are those of events, which SQL can tell.
        book = preset_book("helpdesk")
        rules = WindowRules(sizes=SIZES)
        self.now = NINE
        self.score = Partition(ScoreStage(book, load_preset))
        self.track = [Partition(TrackStage(book, EVENT_IDS, rules), n, PARTITIONS) for n in range(PARTITIONS)]
        self.trends = Partition(TrendsStage(rules))
        self.scored: list[Scored] = []
        self.escalations: list[bytes] = []
        self.windows, self.watermarks = Windows(), Watermarks()
        self._partials: list[Appended] = []

    def feed(self, values: list[tuple[bytes | None, bytes | None]]) -> None:
        """Records of the events topic, then a tick of everything."""
        parts: list[list[Appended]] = [[] for _ in self.track]
        for one in self.score.process(*(Appended(0, self.now, *each) for each in values)):
            if one.topic == topics.SCORED:
                which = partition_of(one.key, one.value, PARTITIONS)
                self.scored.append(Scored(which, len(self.scored), self.now, json.loads(one.value or b"")))
                parts[which].append(Appended(len(self.scored), self.now, one.key, one.value))
        for part, track in zip(parts, self.track, strict=True):
            self._take(track.process(*part, tick=self.now))
        self._merge()
        self.now += STEP_MS

    def wait(self, span: int) -> None:
        """Nothing happens for a while."""
        self.now += span
        for track in self.track:
            self._take(track.tick(self.now, idle=True))
        self._merge()

    def _take(self, sent: list[Outgoing]) -> None:
        for one in sent:
            if one.topic == topics.PARTIALS:
                self._partials.append(Appended(0, self.now, one.key, one.value))
                self.watermarks.take(one.value or b"")
            elif one.topic == topics.ESCALATIONS and json.loads(one.value or b"")["revision"] == 1:
                self.escalations.append(one.value or b"")

    def _merge(self) -> None:
        for one in self.trends.process(*self._partials, tick=self.now):
            if one.topic == topics.WINDOWS:
                self.windows.take(one.value or b"")
        self._partials = []


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_window_is_final_and_what_sql_counts(seed: int, tmp_path: Path) -> None:
    pipeline, generator = Pipeline(), Generator(seed, EVENTS, 1)
    while generator.left:
        pipeline.feed([(sent.key, sent.value) for sent in generator.take(AT_ONCE, pipeline.now)])
    pipeline.wait(DAY_MS)
    pipeline.wait(DAY_MS)
    expected = await by_sql(pipeline.scored, pipeline.escalations, tmp_path)
    passed = pipeline.watermarks.passed()
    assert differences(expected, pipeline.windows.newest, passed, passed) == []
    assert pipeline.windows.skipped == 0
    for name in ("reopened", "responded_in_time", "resolved_in_time", "escalations"):
        assert any(figures[FIGURES.index(name)] for figures in expected.values()), name
