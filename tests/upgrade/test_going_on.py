"""The code as it is goes on with the state and the topics of earlier releases, exactly."""

import json
import lzma
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from schemas.alerts import Alert, decode_alert
from streams import topics
from streams.config import Settings
from streams.engine.kafka_recovery import PositionRow
from streams.engine.local import LocalLog, SqliteStorage
from streams.engine.local.storage import Owner
from streams.engine.log import Position
from streams.stages import STAGES, build_stage
from tests.policies import SIMPLE
from tests.simulation import oracle
from tests.simulation.notices import telling
from tests.simulation.verdict import Expected, Follower, differences
from tests.soak import oracle as soak
from tests.soak.oracle import Scored
from tests.upgrade.playing import PARTITIONS, SIZES, Pipeline
from tests.upgrade.story import CUT, END, MINUTE, story

RECORDED: Final = Path(__file__).parent / "recorded"
RELEASES: Final = sorted(folder.name for folder in RECORDED.iterdir() if folder.is_dir())
# Seconds for which late events count in windows: as the settings have it.
LATE_HORIZON: Final = 172_800


def unpacked(release: str, folder: Path) -> Path:
    """A copy of the log of a release, to work on."""
    file = folder / "log.sqlite"
    file.write_bytes(lzma.decompress((RECORDED / release / "log.sqlite.xz").read_bytes()))
    return file


def manifest(release: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((RECORDED / release / "manifest.json").read_text())
    return read


@pytest.fixture(scope="module", params=RELEASES)
def gone_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The log of a release on which the stages as they are went on from where it stopped to the end of the story."""
    folder = tmp_path_factory.mktemp("gone-on")
    pipeline = Pipeline(unpacked(request.param, folder), CUT)
    pipeline.play([sent for sent in story() if sent.at > CUT], END)
    pipeline.close()
    yield folder / "log.sqlite"
    shutil.rmtree(folder)


@pytest.fixture
def storage(gone_on: Path) -> Iterator[SqliteStorage]:
    opened = SqliteStorage(gone_on)
    yield opened
    opened.close()


def read(storage: SqliteStorage, topic: str) -> Iterator[tuple[int, Any]]:
    log = LocalLog(storage, lambda: 0)
    for slot in log.slots([topic]):
        for record in log.read(slot, 0, 1_000_000, 1 << 30):
            yield slot.partition, record


@pytest.fixture
def expected(storage: SqliteStorage) -> Expected:
    """What both halves of the story come to, counted by code that knows neither state nor stages."""
    scored = [
        Scored(partition, record.offset, record.timestamp, msgspec.json.decode(record.value))
        for partition, record in read(storage, topics.SCORED)
        if record.value and not record.headers and record.value.startswith(b"{")
    ]
    counted, duplicates = oracle.counted(scored, SIZES, LATE_HORIZON)
    escalations = soak.escalations(scored)
    windows = oracle.windows(counted, set(map(oracle.id_of, escalations)), SIZES)
    return Expected([], scored, counted, duplicates, escalations, windows, telling(scored))


def test_every_event_was_scored_once_or_is_a_dead_letter(storage: SqliteStorage, expected: Expected) -> None:
    letters = list(read(storage, topics.DEAD_LETTERS))
    assert len(expected.scored) + len(letters) == len(story())
    assert {record.value for _, record in letters} == {b'{"event_id": "poison", "ticket_id": 7'}


def test_all_that_was_appended_is_applied(storage: SqliteStorage) -> None:
    log = LocalLog(storage, lambda: 0)
    settings = Settings()
    for name in STAGES:
        topic = build_stage(name, settings, SIMPLE).input
        for slot in log.slots([topic]):
            position = storage.recover(Owner(name, slot.partition)).position
            assert position is None or position.next == position.applied
            assert (position.next if position else 0) == log.bounds(slot).end


def test_each_escalation_is_told_once_whichever_release_saw_what_caused_it(
    storage: SqliteStorage, expected: Expected
) -> None:
    revisions: defaultdict[str, list[int]] = defaultdict(list)
    for _, record in read(storage, topics.ESCALATIONS):
        fields = msgspec.json.decode(record.value)
        revisions[fields["escalation_id"]].append(fields["revision"])
    assert set(revisions) == {each["escalation_id"] for each in expected.escalations}
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in revisions.values())


def test_numbers_of_tickets_go_on_without_a_gap(storage: SqliteStorage) -> None:
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for _, record in read(storage, topics.ESCALATIONS):
        fields = msgspec.json.decode(record.value)
        if fields.get("number"):
            numbers[fields["tenant"]].add(fields["number"])
    assert set(numbers) == {"default", "acme"}
    for given in numbers.values():
        assert sorted(given) == [f"TKT-2026-{number:04}" for number in range(1, len(given) + 1)]


def test_windows_have_the_figures_of_both_halves(storage: SqliteStorage, expected: Expected) -> None:
    follower = Follower(storage, PARTITIONS)
    follower.catch_up()
    assert follower.odd == []
    assert [found for found in differences(expected, follower.newest) if found.kind != "open"] == []
    over = {cell for cell in expected.windows if (cell.start + cell.size) * 1000 < END - 5 * MINUTE}
    assert len(over) > 100
    assert [cell for cell in over if not follower.newest[cell].final] == []


def test_an_alert_that_fired_before_ends_after(storage: SqliteStorage) -> None:
    before: dict[str, Alert] = {}
    after: dict[str, Alert] = {}
    for _, record in read(storage, topics.ALERTS):
        alert = decode_alert(record.value)
        (before if record.timestamp <= CUT else after)[alert.alert_id] = alert
    firing = {alert_id for alert_id, alert in before.items() if alert.state == "firing"}
    assert firing
    assert {after[alert_id].state for alert_id in firing if alert_id in after} >= {"resolved"}


def test_what_is_recorded_has_rows_of_the_tables_that_last(gone_on: Path) -> None:
    kinds = {kind for release in RELEASES for kind in manifest(release)["rows"]}
    assert kinds >= {
        *("track/c", "track/e", "track/k", "track/m", "track/p", "track/w", "registry/k", "registry/n"),
        *("trends/a", "trends/g", "trends/h", "trends/m", "trends/s", "trends/t", "trends/w", "trends/x"),
        *("notify/j", "notify/p"),
    }


@pytest.mark.parametrize("release", RELEASES)
def test_the_position_in_a_changelog_of_kafka_is_read(release: str) -> None:
    read_back = msgspec.json.decode(manifest(release)["position"], type=PositionRow)
    assert read_back == PositionRow(Position(42, 41, 40, CUT), PARTITIONS)
