"""Sentiment and categories: a model, the lexicon and naive Bayes on texts that were held out.

BANKING77 is in the project. With DATA, a folder that has them: tweets and Amazon reviews of the VADER paper, whose mean
ratings below -0.5 are taken for negative and above 0.5 for positive, and Senti4SD. Of these the first half of the rows
is learned from; `63 : 21 : 16` are those with rows left out, by lot, until the classes have the shares of complaints.
"""

import csv
import gzip
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from streams.learning.examples import Example, Halves, TextKind, cut_in_time, without_leaks
from streams.learning.linear import classifier_of
from streams.learning.shelf import Kept
from streams.learning.training import train
from streams.learning.trial import Trial
from tests.evaluations.row import PROJECT_DATA, Row, given_data

_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
_SHARES: Final = {"negative": 0.63, "neutral": 0.21, "positive": 0.16}
_LAPS: Final = 5


def rows() -> list[Row]:
    """BANKING77, and what DATA has."""
    learned, later = (banking(part) for part in ("train", "test"))
    found = _tried("category", "BANKING77, 77 intents", "its own", without_leaks(learned, later, "its own"))
    folder = given_data()
    for name, examples in _given(folder) if folder else ():
        found += _tried("sentiment", name, "half, half", cut_in_time(examples, 0.5))
    return found


def banking(part: str) -> list[Example]:
    """The training or the test part of BANKING77."""
    with gzip.open(PROJECT_DATA / f"banking77_{part}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [Example(row["text"], row["category"]) for row in csv.DictReader(file)]


def _tried(kind: TextKind, name: str, split: str, halves: Halves) -> list[Row]:
    began = time.process_time()
    trained = train(kind, halves, _NOW)
    seconds = time.process_time() - began
    texts = [each.text for each in halves.held_out]
    model = classifier_of(Kept(trained.card, trained.arrays, ""))
    rate = max(_rate(model.margins, texts) for _ in range(_LAPS))
    cost = f"{seconds:.0f} s to learn and try all three; {rate:,.0f} texts/s"
    data = f"{name} ({len(halves.learned):,} / {len(halves.held_out):,})"
    return [
        Row(trial.name, data, split, _figures(trial), cost if trial is trained.report.trials[0] else "")
        for trial in trained.report.trials
    ]


def _rate(tell: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    began = time.process_time()
    for start in range(0, len(texts), 1_000):
        tell(texts[start : start + 1_000])
    return len(texts) / (time.process_time() - began)


def _figures(trial: Trial) -> dict[str, str]:
    negative = trial.by_class.get("negative")
    return {
        "macro-F1": _told(trial.macro_f1),
        "F1 negative": _told(negative.f1 if negative else None),
        "AUC negative": _told(trial.auc_negative),
        "accuracy": _told(trial.accuracy),
        "calibration error": _told(trial.calibration_error),
        "before calibration": _told(trial.uncalibrated_error),
    }


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _given(folder: Path) -> Iterator[tuple[str, list[Example]]]:
    tweets = _rated(folder / "tweets_GroundTruth.txt")
    senti4sd = _of_senti4sd(folder)
    for name, examples in (("tweets", tweets), ("Senti4SD", senti4sd)):
        yield name, examples
        yield f"{name}, 63 : 21 : 16", _with_shares(examples)
    yield "Amazon reviews", _rated(folder / "amazonReviewSnippets_GroundTruth.txt")


def _rated(path: Path) -> list[Example]:
    lines = [line.split("\t", 2) for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    return [Example(text, _mood(float(rating))) for _, rating, text in lines]


def _mood(rating: float) -> str:
    return "negative" if rating < -0.5 else "positive" if rating > 0.5 else "neutral"


def _of_senti4sd(folder: Path) -> list[Example]:
    found = []
    for name in ("senti4sd_train3098itemPOLARITY.csv", "senti4sd_test1326itemPOLARITY.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found += [Example(text, label) for _, label, text in csv.reader(file, delimiter=";")]
    return found


def _with_shares(examples: Sequence[Example]) -> list[Example]:
    places = {name: [at for at, each in enumerate(examples) if each.label == name] for name in _SHARES}
    count = min(len(places[name]) / share for name, share in _SHARES.items())
    draw = random.Random(0)
    kept = [at for name, share in _SHARES.items() for at in draw.sample(places[name], int(count * share))]
    return [examples[at] for at in sorted(kept)]
