"""From labelled texts to a model and what it is worth: figures on texts that were held out, beside those of the lexicon
scorer and of naive Bayes on the same texts.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from streams.learning.calibration import softmax
from streams.learning.card import ModelCard, fingerprint_of, version_of
from streams.learning.examples import Example, Halves, TextKind, mood
from streams.learning.fitting import BAYES, LINEAR, LINEAR_WITH_LEXICON, Fitted, Recipe, fit
from streams.learning.linear import LinearClassifier, arrays_of
from streams.learning.mood_scale import strong_of
from streams.learning.signed import Array
from streams.learning.trial import Gain, Trial, errors_of, gain, try_
from streams.scoring import Explained, scorer_of

ENOUGH: Final = 500
OF_A_CLASS: Final = 5
_AT_ONCE: Final = 500


class TooFew(Exception):
    """Why nothing can be learned, with what is there and what is wanted."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `model` is first of `trials`, on the same rows as the others."""

    version: str
    learned: int
    held_out: int
    dropped: int
    by: str
    trials: Sequence[Trial]
    gains: Sequence[Gain]


class Trained(msgspec.Struct, frozen=True):
    """A model to be kept, and its figures."""

    card: ModelCard
    arrays: dict[str, Array]
    report: Report


def check(kind: TextKind, examples: Sequence[Example], learned: Sequence[Example]) -> None:
    """Raises TooFew for fewer than 500 labels, and for a class with fewer than 5 among those to learn from."""
    if len(examples) < ENOUGH:
        raise TooFew(
            f"{len(examples):,} labels are too few to learn from: {ENOUGH:,} are needed, "
            f"{ENOUGH - len(examples):,} more. Until then the lexicon scores"
        )
    counts = Counter(each.label for each in examples)
    of_learned = Counter(each.label for each in learned)
    few = {name: of_learned[name] for name in sorted(counts) if of_learned[name] < OF_A_CLASS}
    if few:
        told = ", ".join(f"{name!r} has {count}" for name, count in few.items())
        raise TooFew(
            f"each class needs {OF_A_CLASS} rows in the part that is learned from: {told}. "
            "Label more, or leave it out with --without"
        )
    if kind == "sentiment" and not {"negative", "positive"} <= set(counts):
        raise TooFew(f"sentiment needs negative and positive texts; there are {', '.join(sorted(counts))}")
    if len(counts) < 2:
        raise TooFew(f"all labels are {next(iter(counts))!r}: there is nothing to tell apart")


def train(
    kind: TextKind, halves: Halves, now: datetime, *, tenant: str = "", refit: bool = False, source: str = ""
) -> Trained:
    """Learn from one part, try it on the other. With `refit` the model that is kept is learned from both in the end:
    its figures are then those of the one before. `source` is told in the card.
    """
    recipe = LINEAR_WITH_LEXICON if kind == "sentiment" else LINEAR
    learned, held_out = halves.learned, halves.held_out
    classes = tuple(sorted({each.label for each in learned}))
    model, fitted = _fitted(kind, recipe, learned, classes)
    bayes, _ = _fitted(kind, BAYES, learned, classes)
    trials, gains = _tried(kind, model, bayes, held_out)
    kept = [*learned, *held_out] if refit else learned
    if refit:
        classes = tuple(sorted({each.label for each in kept}))
        model, fitted = _fitted(kind, recipe, kept, classes)
    fingerprint = fingerprint_of([(each.text, each.label) for each in kept])
    first = trials[0]
    options: dict[str, object] = {
        "blocks": list(fitted.blocks),
        "lexicon": recipe.lexicon,
        "scale": fitted.calibration.scale,
        "strength": fitted.strength,
        "refit": refit,
        "tried_on": len(held_out),
        "same_texts_left_out": halves.dropped,
        "cut_by": halves.by,
        "source": source,
    }
    if kind == "sentiment":
        options["strong"] = list(strong_of(softmax(fitted.calibration.scale * fitted.held_out), classes))
    card = ModelCard(
        kind=kind,
        version=version_of(now, kind, fingerprint),
        tenant=tenant,
        classes=classes,
        trained_at=now,
        rows=len(kept),
        fingerprint=fingerprint,
        recipe=recipe.name,
        metrics=_metrics(first),
        options=options,
    )
    arrays = arrays_of(fitted.blocks, fitted.weights, fitted.bias, fitted.calibration.offsets)
    report = Report(
        version=card.version,
        learned=len(learned),
        held_out=len(held_out),
        dropped=halves.dropped,
        by=halves.by,
        trials=trials,
        gains=gains,
    )
    return Trained(card, arrays, report)


def _fitted(
    kind: TextKind, recipe: Recipe, examples: Sequence[Example], classes: tuple[str, ...]
) -> tuple[LinearClassifier, Fitted]:
    texts = [each.text for each in examples]
    places = {name: place for place, name in enumerate(classes)}
    lexicon = scorer_of("support") if recipe.lexicon else None
    found = lexicon.score_all(texts) if lexicon else None
    fitted = fit(recipe, texts, np.array([places[each.label] for each in examples]), found)
    # A card for the time being: what is kept gets one when its figures are known.
    card = ModelCard(
        kind=kind,
        version="",
        classes=classes,
        trained_at=datetime.min.replace(tzinfo=UTC),
        rows=len(texts),
        fingerprint="",
        recipe=recipe.name,
    )
    return LinearClassifier(card, fitted.blocks, fitted.weights, fitted.bias, fitted.calibration, lexicon), fitted


def _tried(
    kind: TextKind, model: LinearClassifier, bayes: LinearClassifier, held_out: Sequence[Example]
) -> tuple[list[Trial], list[Gain]]:
    texts, told = [each.text for each in held_out], [each.label for each in held_out]
    trials: list[Trial] = []
    said_by: dict[str, list[str]] = {}
    for name, each in (("model", model), ("naive Bayes", bayes)):
        margins = each.margins(texts)
        said_by[name] = [each.card.classes[place] for place in margins.argmax(axis=1).tolist()]
        after = each.calibration.probabilities(margins)
        trials.append(
            try_(
                name,
                told,
                said_by[name],
                negative=after[:, each.card.classes.index("negative")].tolist() if kind == "sentiment" else (),
                errors=errors_of(softmax(margins), after, told, each.card.classes),
            )
        )
    floor = _by_lexicon(kind, texts, told)
    if floor is not None:
        trial, said_by["lexicon"] = floor
        trials.insert(1, trial)
    others = [name for name in ("lexicon", "naive Bayes") if name in said_by]
    return trials, [gain(name, told, said_by["model"], said_by[name]) for name in others]


def _by_lexicon(kind: TextKind, texts: Sequence[str], told: Sequence[str]) -> tuple[Trial, list[str]] | None:
    """What the preset `support` says, which learns nothing; None where it knows none of the classes."""
    scorer = scorer_of("support")
    found: list[Explained] = []
    for start in range(0, len(texts), _AT_ONCE):
        found += scorer.score_all(texts[start : start + _AT_ONCE])
    if kind == "sentiment":
        said = ["neutral" if each.sentiment is None else mood(each.sentiment.label) for each in found]
        negative = [0.0 if each.sentiment is None else 5.0 - each.sentiment.score for each in found]
        return try_("lexicon", told, said, negative=negative), said
    from streams.scoring.readers import reader_of  # noqa: PLC0415
    from streams.scoring.readings import Asked  # noqa: PLC0415

    read = reader_of("support").read_all([Asked(each.text, 0.0, None, each.heard) for each in found])
    said = [each.category for each in read]
    return (try_("lexicon", told, said), said) if set(said) & set(told) else None


def _metrics(trial: Trial) -> dict[str, float]:
    found: dict[str, float | None] = {
        "macro_f1": trial.macro_f1,
        "accuracy": trial.accuracy,
        "auc_negative": trial.auc_negative,
        "calibration_error": trial.calibration_error,
    }
    if "negative" in trial.by_class:
        found["negative_f1"] = trial.by_class["negative"].f1
    return {name: round(value, 4) for name, value in found.items() if value is not None}
