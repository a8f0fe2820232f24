"""The stage `score` with models in force: who is judged by which, what is left as it was, and what is away."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from schemas.scored import ScoredEvent, decode_scored
from streams import policies, topics
from streams.clock import wall_clock
from streams.config import Settings
from streams.engine.local import LocalLog, LocalWorker, LocalWriter, MemoryStorage
from streams.engine.local.storage import Slot
from streams.escalation.book import preset_book
from streams.learning.examples import cut_in_time
from streams.learning.in_force import IN_FORCE_FILE, InForce
from streams.learning.judging import load_models, read_models
from streams.learning.shelf import Shelf
from streams.learning.training import train
from streams.policies import model_source
from streams.reanalysis.scoring import Model
from streams.score import NO_MODELS, Preset, ScoreStage
from streams.scoring.presets import label_bounds
from streams.scoring.readers import reader_of
from streams.scoring.scorer import label_of
from streams.stages import build_stage, follower
from tests.learning.texts import moods
from tests.unit.reading import scorer
from tests.unit.records import Partition, raw
from tests.unit.test_partition import Watched

KEY = SecretStr("a key of some length")
BROKEN, THANKS = "The app is broken, awful and useless", "Thanks, great and lovely, solved"
AUTOMATIC = "Automatic reply: I am out of the office until Monday."


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shelf, str, str]:
    """A shelf with a model of sentiment that learned the contrary of what words mean, and one of categories."""
    shelf = Shelf(tmp_path_factory.mktemp("models"), KEY.get_secret_value().encode())
    contrary = {"negative": "positive", "positive": "negative", "neutral": "neutral"}
    now = moods(1)[0].at
    assert now is not None
    wrong = [each._replace(label=contrary[each.label]) for each in moods(500, wrong=0)]
    subjects = [each._replace(label=f"about_{each.label}") for each in moods(500, wrong=0)]
    sentiment = train("sentiment", cut_in_time(wrong, 0.8), now)
    category = train("category", cut_in_time(subjects, 0.8), now)
    shelf.keep(sentiment.card, sentiment.arrays)
    shelf.keep(category.card, category.arrays)
    return shelf, sentiment.card.version, category.card.version


@pytest.fixture
def shelf(trained: tuple[Shelf, str, str]) -> Iterator[Shelf]:
    yield trained[0]
    (trained[0].folder / IN_FORCE_FILE).unlink(missing_ok=True)


@pytest.fixture
def stage() -> ScoreStage:
    preset = Preset(scorer("support"), reader_of("support"), label_bounds("support"))
    return ScoreStage(preset_book("support"), lambda _: preset)


def _scored(stage: ScoreStage, *events: dict[str, Any]) -> list[ScoredEvent]:
    sent = Partition(stage).process(*(raw(place, event_id=str(place), **each) for place, each in enumerate(events)))
    return [decode_scored(each.value) for each in sent if each.value is not None]


def _missing(kind: str) -> float | None:
    return REGISTRY.get_sample_value("helpdesk_models_missing", {"kind": kind})


def test_a_champion_scores_and_says_that_it_did(
    shelf: Shelf, stage: ScoreStage, trained: tuple[Shelf, str, str]
) -> None:
    _, sentiment, category = trained
    shelf.write_in_force(InForce().with_champion("", "sentiment", sentiment).with_champion("", "category", category))
    [before] = _scored(stage, {"text": BROKEN})
    stage.adopt_models(load_models(shelf.folder, KEY))
    broken, thanks, automatic, empty = _scored(
        stage, {"text": BROKEN}, {"text": THANKS}, {"text": AUTOMATIC}, {"text": " "}
    )
    assert before.sentiment is not None
    assert before.sentiment.label in ("negative", "very_negative")
    assert broken.sentiment is not None
    assert thanks.sentiment is not None
    # It learned the contrary, so nobody else can have said this.
    assert broken.sentiment.score >= 6
    assert thanks.sentiment.score < 4.6
    assert broken.scorer == f"sentiment-{sentiment}+category-{category}"
    assert (broken.category, broken.reading.category, thanks.category) == (*["about_negative"] * 2, "about_positive")
    assert broken.sentiment.label == label_of(broken.sentiment.score, label_bounds("support"))
    assert 0 < broken.confidence <= 1
    for left in (automatic, empty):
        assert (left.sentiment, left.scorer) == (None, "support-1")
        assert left.unscored


def test_reasons_are_the_models_words_and_add_up(
    shelf: Shelf, stage: ScoreStage, trained: tuple[Shelf, str, str]
) -> None:
    shelf.write_in_force(InForce().with_champion("", "sentiment", trained[1]))
    stage.adopt_models(load_models(shelf.folder, KEY))
    [event] = _scored(stage, {"text": BROKEN})
    assert event.sentiment is not None
    assert 5 + sum(reason.points for reason in event.reasons) == pytest.approx(event.sentiment.score, abs=0.02)
    placed = [reason for reason in event.reasons if reason.end]
    assert {"broken", "awful", "useless"} & {BROKEN[reason.start : reason.end] for reason in placed}
    assert "model" in {reason.rule for reason in event.reasons}


def test_a_tenant_has_its_own(shelf: Shelf, stage: ScoreStage, trained: tuple[Shelf, str, str]) -> None:
    shelf.write_in_force(InForce().with_champion("acme", "sentiment", trained[1]))
    stage.adopt_models(load_models(shelf.folder, KEY))
    acme, other = _scored(stage, {"text": BROKEN, "tenant": "acme"}, {"text": BROKEN, "tenant": "other"})
    assert (acme.tenant, acme.scorer) == ("acme", f"sentiment-{trained[1]}")
    assert (other.tenant, other.scorer) == ("other", "support-1")


def test_a_thousand_events_are_as_if_each_were_alone(
    shelf: Shelf, stage: ScoreStage, trained: tuple[Shelf, str, str]
) -> None:
    shelf.write_in_force(InForce().with_champion("", "sentiment", trained[1]))
    stage.adopt_models(load_models(shelf.folder, KEY))
    events = [{"text": each.text} for each in moods(1_000, seed=8)]
    together = _scored(stage, *events)
    for place in (0, 1, 499, 999):
        [alone] = _scored(stage, events[place])
        assert (alone.sentiment, alone.reasons) == (together[place].sentiment, together[place].reasons)


@pytest.mark.parametrize("way", ["gone", "changed", "another key", "no extra"])
def test_what_cannot_be_read_leaves_it_to_the_lexicon(
    way: str,
    shelf: Shelf,
    stage: ScoreStage,
    trained: tuple[Shelf, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = shelf.file("sentiment", trained[1])
    folder, key = tmp_path, KEY
    if way != "gone":
        (folder / file.name).write_bytes(file.read_bytes()[: -1 if way == "changed" else None])
    if way == "another key":
        key = SecretStr("another key of some length")
    if way == "no extra":
        monkeypatch.setitem(sys.modules, "streams.learning.judges", None)
    Shelf(folder, b"").write_in_force(InForce().with_champion("", "sentiment", trained[1]))
    with caplog.at_level(logging.ERROR):
        stage.adopt_models(load_models(folder, key))
    assert trained[1] in caplog.text
    assert _missing("sentiment") == 1
    [event] = _scored(stage, {"text": BROKEN})
    assert event.scorer == "support-1"
    shelf.write_in_force(InForce().with_champion("", "sentiment", trained[1]))
    monkeypatch.undo()
    load_models(shelf.folder, KEY)
    assert _missing("sentiment") == 0


def test_the_model_before_stays_where_the_new_one_cannot_be_read(
    shelf: Shelf, stage: ScoreStage, trained: tuple[Shelf, str, str]
) -> None:
    shelf.write_in_force(InForce().with_champion("", "sentiment", trained[1]))
    stage.adopt_models(load_models(shelf.folder, KEY))
    shelf.write_in_force(InForce().with_champion("", "sentiment", "20991231-000000-00000000"))
    stage.adopt_models(load_models(shelf.folder, KEY))
    assert _scored(stage, {"text": BROKEN})[0].scorer == f"sentiment-{trained[1]}"
    # Taken back on purpose, it is not kept.
    shelf.write_in_force(InForce())
    stage.adopt_models(load_models(shelf.folder, KEY))
    assert _scored(stage, {"text": BROKEN})[0].scorer == "support-1"


def test_a_reanalysis_scores_by_what_is_in_force_or_by_the_model_that_is_named(
    shelf: Shelf, trained: tuple[Shelf, str, str]
) -> None:
    shelf.write_in_force(InForce().with_champion("acme", "sentiment", trained[1]))
    in_force = Model("support", None, shelf.folder, KEY).judging()
    judges = in_force.of("acme")
    assert judges is not None
    assert judges.name("support-1") == f"sentiment-{trained[1]}"
    assert in_force.of("other") is None
    named = Model("support", None, shelf.folder, KEY, trained[2]).judging().of("other")
    assert named is not None
    assert named.name("support-1") == f"support-1+category-{trained[2]}"


def test_a_list_that_is_wrong_keeps_no_worker_from_starting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / IN_FORCE_FILE).write_text("[default]\nsentiment = 7\n")
    assert read_models(tmp_path, KEY) is NO_MODELS
    assert "in-force.toml:2" in caplog.text


async def test_a_worker_takes_a_new_model_over_while_it_runs(
    shelf: Shelf, trained: tuple[Shelf, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "LOOK_SECONDS", 0.02)
    settings = Settings(models=shelf.folder, model_key=KEY)
    source = policies.policy_source(settings)
    models = model_source(settings)
    stage = build_stage("score", settings)
    follow = follower(stage, source, policies.notify_source(settings), models=models)
    assert follow is not None
    log = LocalLog(MemoryStorage(), wall_clock)
    for topic in (topics.EVENTS, topics.SCORED, topics.DEAD_LETTERS):
        log.create(topic, 1)
    worker = LocalWorker(log, stage, clock=wall_clock, watch=Watched(), dead_letters=topics.DEAD_LETTERS)
    writer = LocalWriter(log, topics.EVENTS)
    await worker.start()
    following = asyncio.create_task(follow())
    try:
        await _until(lambda: _scorers(log) == {"support-1"}, writer)
        shelf.write_in_force(InForce().with_champion("", "sentiment", trained[1]))
        await _until(lambda: f"sentiment-{trained[1]}" in _scorers(log), writer)
        assert not log.read(Slot(topics.DEAD_LETTERS, 0), 0, 10, 1 << 20)
    finally:
        following.cancel()
        await asyncio.wait([following])
        await worker.stop()
        log.close()


async def _until(condition: Callable[[], bool], writer: LocalWriter) -> None:
    """Send events until it is so."""
    async with asyncio.timeout(60):
        number = 0
        while not condition():
            number += 1
            value = {"event_id": f"{number}", "ticket_id": "t", "type": "message", "channel": "email", "text": BROKEN}
            await writer.send(b"t", json.dumps(value).encode())
            await asyncio.sleep(0.05)


def _scorers(log: LocalLog) -> set[str]:
    records = log.read(Slot(topics.SCORED, 0), 0, 10_000, 1 << 24)
    return {msgspec.json.decode(each.value)["scorer"] for each in records if each.value}
