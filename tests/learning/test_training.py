"""What is learned from which rows, what is declined, and what the figures say."""

import csv
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from streams.cli import app
from streams.commands.failure import Failure
from streams.learning.calibration import calibrate, calibration_error, reliability, softmax
from streams.learning.examples import Example, cut_in_time, without_leaks
from streams.learning.mood_scale import Strong, scores
from streams.learning.trial import gain, try_
from streams.scoring.scorer import label_of
from tests.learning.texts import moods

KEY = "a key of some length"
BOUNDS = (3.5, 4.6, 6.0, 7.6)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TICKETPULSE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TICKETPULSE_MODEL_KEY", KEY)
    return tmp_path / "models"


def _file(path: Path, rows: Sequence[Example], header: Sequence[str] = ("text", "label", "created_at")) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows((each.text, each.label, each.at and each.at.isoformat()) for each in rows)
    return path


def _train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_a_model_is_learned_tried_and_written(models: Path, tmp_path: Path) -> None:
    shuffled = moods(700)
    random.Random(1).shuffle(shuffled)
    file = _file(tmp_path / "Tweets.csv", shuffled, ("text", "airline_sentiment", "tweet_created"))
    result = _train(file, "--split", "0.5", "-o", "json")
    told = msgspec.json.decode(result.stdout)
    card, report = told["card"], told["report"]
    assert (report["learned"], report["held_out"], report["by"]) == (350, 350, "the later ones by time")
    assert [each["name"] for each in report["trials"]] == ["model", "lexicon", "naive Bayes"]
    assert {each["rows"] for each in report["trials"]} == {350}
    assert report["trials"][0]["macro_f1"] > 0.85
    assert report["trials"][0]["auc_negative"] > 0.9
    assert card["metrics"]["macro_f1"] == pytest.approx(report["trials"][0]["macro_f1"], abs=1e-3)
    assert [path.name for path in models.iterdir()] == [f"sentiment-{card['version']}.model"]
    again = msgspec.json.decode(CliRunner().invoke(app, ["model", "show", card["version"], "-o", "json"]).stdout)
    assert (again["rows"], again["does"]) == (350, [])


def test_the_figures_are_told_in_words(models: Path, tmp_path: Path) -> None:
    result = _train(_file(tmp_path / "rows.csv", moods(500)))
    assert "than the lexicon: macro-F1" in result.stdout
    assert "F1 negative" in result.stdout


def test_categories_are_learned_and_a_later_file_tries_them(models: Path, tmp_path: Path) -> None:
    rows = [each._replace(label={"negative": "faults"}.get(each.label, each.label)) for each in moods(520)]
    later = [*moods(60, seed=5), *rows[:3], Example("what is this", "never seen")]
    header = ("utterance", "intent", "at")
    result = _train(
        *(_file(tmp_path / "a.csv", rows, header), "--kind", "category"),
        *("--test", _file(tmp_path / "b.csv", later, header), "-o", "json"),
    )
    told = msgspec.json.decode(result.stdout)
    assert told["card"]["classes"] == ["faults", "neutral", "positive"]
    assert (told["report"]["dropped"], told["report"]["held_out"]) == (3, 61)
    [model, *_] = told["report"]["trials"]
    assert model["by_class"]["never seen"]["f1"] == 0


def test_all_rows_are_learned_from_in_the_end_where_that_is_asked_for(models: Path, tmp_path: Path) -> None:
    told = msgspec.json.decode(_train(_file(tmp_path / "a.csv", moods(500)), "--refit", "-o", "json").stdout)
    assert (told["report"]["learned"], told["card"]["rows"], told["card"]["options"]["refit"]) == (400, 500, True)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (moods(499), "499 labels are too few to learn from: 500 are needed, 1 more"),
        ([*moods(500), *[Example(f"odd {'x' * n}", "very odd") for n in range(4)]], "'very odd' has"),
        ([each._replace(label="same") for each in moods(500)], "all labels are 'same'"),
    ],
    ids=["too few", "a rare class", "one class"],
)
def test_what_cannot_be_learned_from_is_declined(models: Path, tmp_path: Path, rows: list[Example], said: str) -> None:
    result = _train(_file(tmp_path / "a.csv", rows, ("text", "label", "none")), "--kind", "category")
    assert isinstance(result.exception, Failure)
    assert result.exception.exit_code == 1
    assert said in str(result.exception)
    assert not models.exists()


def test_rows_of_a_rare_class_may_be_left_out(models: Path, tmp_path: Path) -> None:
    rows = [Example("one of its kind", "rare"), *moods(500)]
    result = _train(_file(tmp_path / "a.csv", rows, ("text", "label", "no")), "--kind", "category", "--without", "rare")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a file"),
        (("rows.csv", "--split", "1"), "--split"),
        (("rows.csv", "--label", "colour"), "no column 'colour'; there are text, label, created_at"),
        (("rows.csv", "--encoding", "klingon"), "--encoding"),
    ],
)
def test_wrong_usage_is_told(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], said: str
) -> None:
    _file(tmp_path / "rows.csv", moods(10))
    monkeypatch.chdir(tmp_path)
    result = _train(*arguments)
    assert isinstance(result.exception, Failure)
    assert said in str(result.exception)


def test_a_word_that_is_no_mood_is_told_with_its_line(models: Path, tmp_path: Path) -> None:
    result = _train(_file(tmp_path / "a.csv", [*moods(2), Example("hm", "purple")]))
    assert isinstance(result.exception, Failure)
    assert "a.csv:4: the label 'purple'" in str(result.exception)


def test_ratings_are_moods_by_what_is_neutral(models: Path, tmp_path: Path) -> None:
    rating = {"negative": "-2", "neutral": "0.1", "positive": "3"}
    rows = [each._replace(label=rating[each.label]) for each in moods(500)]
    file = _file(tmp_path / "a.csv", rows)
    assert "--neutral" in str(_train(file).exception)
    told = msgspec.json.decode(_train(file, "--neutral=-0.5,0.5", "-o", "json").stdout)
    assert told["card"]["classes"] == ["negative", "neutral", "positive"]


def test_the_same_text_is_not_tried_that_was_learned() -> None:
    learned = [Example("My card 1234 was LOST!", "a"), Example("hello", "b")]
    later = [Example("my  card 9876 was lost! @bank http://x.io/1", "a"), Example("hello there", "b")]
    halves = without_leaks(learned, later, "file")
    assert (halves.held_out, halves.dropped) == ([later[1]], 1)


def test_rows_are_cut_by_time_only_if_each_has_one() -> None:
    rows = moods(10)[::-1]
    assert cut_in_time(rows, 0.5).learned == rows[::-1][:5]
    untimed = [*rows[:-1], rows[-1]._replace(at=None)]
    assert cut_in_time(untimed, 0.5).learned == untimed[:5]


def test_calibration_makes_probabilities_mean_what_they_say() -> None:
    draw = np.random.default_rng(0)
    margins = draw.normal(size=(4_000, 3)) * 2
    classes = np.array([draw.choice(3, p=row) for row in softmax(margins * 0.4 + [0, 0.5, -0.5])])
    fitted = calibrate(margins[:2_000], classes[:2_000])
    held_out, right = margins[2_000:], classes[2_000:]
    before, after = (calibration_error(each, right) for each in (softmax(held_out), fitted.probabilities(held_out)))
    assert before > 0.2
    assert after < 0.04
    assert fitted.scale == pytest.approx(0.4, abs=0.05)
    assert sum(each.rows for each in reliability(fitted.probabilities(held_out), right)) == 2_000


def test_scores_lie_in_the_band_of_their_class_and_rise_with_it() -> None:
    draw = np.random.default_rng(1)
    weights = softmax(draw.normal(size=(2_000, 3)) * 3)
    classes = ("negative", "neutral", "positive")
    found = scores(weights, classes, Strong(0.7, 0.9), BOUNDS)
    labels = [label_of(score, BOUNDS).removeprefix("very_") for score in found]
    assert labels == [classes[place] for place in weights.argmax(axis=1)]
    assert found.min() >= 0
    assert found.max() <= 10
    surer = np.array([[p, (1 - p) / 2, (1 - p) / 2] for p in np.linspace(0.34, 1, 50)])
    assert (np.diff(scores(surer, classes, Strong(0.7, 0.9), BOUNDS)) <= 0).all()
    assert label_of(scores(surer, classes, Strong(0.7, 0.9), BOUNDS)[-1], BOUNDS) == "very_negative"
    assert scores(np.array([[0.4, 0.6]]), ("negative", "positive"), Strong(), BOUNDS)[0] >= 6


def test_a_gain_is_told_only_where_it_is_more_than_chance() -> None:
    told = ["a", "b"] * 100
    assert gain("x", told, told, ["a"] * 200).better
    one_more = [*told[:-1], "a"]
    assert not gain("x", told, told, one_more).better
    assert try_("x", told, one_more).accuracy == 0.995


def test_without_the_extra_one_line_says_what_to_install(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    result = _train("rows.csv")
    assert isinstance(result.exception, Failure)
    assert "pip install 'ticketpulse[ml]'" in str(result.exception)


def test_times_of_many_kinds_are_read(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,label,tweet_created\nhi,negative,2015-02-24 11:35:52 -0800\n")
    from streams.evaluation.labelled import Layout  # noqa: PLC0415
    from streams.learning.examples import columns_of, read_examples  # noqa: PLC0415

    columns = columns_of(file, Layout(), "sentiment", {})
    [row] = read_examples(file, Layout(), columns, "sentiment", None)
    assert row.at == datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a model of sentiment and one of categories, and their versions."""
    folder = tmp_path_factory.mktemp("kept")
    file = _file(folder / "rows.csv", moods(500))
    environment = {"TICKETPULSE_MODELS": str(folder / "models"), "TICKETPULSE_MODEL_KEY": KEY}
    versions = {}
    for kind in ("sentiment", "category"):
        ran = CliRunner(env=environment).invoke(app, ["train", str(file), "--kind", kind, "-o", "json"])
        versions[kind] = msgspec.json.decode(ran.stdout)["card"]["version"]
    return folder, versions


def _with(kept: tuple[Path, dict[str, str]], *arguments: str) -> Result:
    environment = {"TICKETPULSE_MODELS": str(kept[0] / "models"), "TICKETPULSE_MODEL_KEY": KEY}
    event = '{"event_id": "1", "ticket_id": "T", "text": "my order was broken and useless"}\n'
    return CliRunner(env=environment).invoke(app, arguments, input=event)


def test_events_are_scored_by_a_model_that_is_named(kept: tuple[Path, dict[str, str]]) -> None:
    mood, category = (
        msgspec.json.decode(_with(kept, "score", "--model", version).stdout) for version in kept[1].values()
    )
    assert mood["scorer"] == f"sentiment-{kept[1]['sentiment']}"
    assert mood["sentiment"]["score"] < 4.6
    assert category["scorer"] == f"support-1+category-{kept[1]['category']}"
    assert category["category"] == "negative"


def test_a_file_is_evaluated_with_a_model(kept: tuple[Path, dict[str, str]]) -> None:
    file = _file(kept[0] / "later.csv", moods(200, seed=9, wrong=0))
    ran = _with(kept, "evaluate", str(file), "--model", kept[1]["sentiment"], "-o", "json")
    told = msgspec.json.decode(ran.stdout)
    assert told["scorer"] == f"sentiment-{kept[1]['sentiment']}"
    assert told["macro_f1"] > 0.9


@pytest.mark.parametrize(
    ("version", "said"), [("best", "a version is written as"), ("20200101-000000-00000000", "there is no model")]
)
def test_a_model_that_is_not_there_is_told(kept: tuple[Path, dict[str, str]], version: str, said: str) -> None:
    result = _with(kept, "score", "--model", version)
    assert isinstance(result.exception, Failure)
    assert said in str(result.exception)
