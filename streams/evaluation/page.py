"""An evaluation as one HTML page that needs nothing else: figures, and plots as inline SVG."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import Final

from schemas.scored import Label
from streams.evaluation.drawing import Axes
from streams.evaluation.evaluation import Answers, Evaluation, split
from streams.evaluation.metrics import precision_recall_curve
from streams.evaluation.table import figure

_BINS: Final = 20
_WIDEST: Final = 2_000


def page(evaluation: Evaluation, answers: Answers) -> str:
    """The page."""
    parts = [_figures(evaluation)]
    if evaluation.classes:
        parts += [
            _section("Confusion", _confusion(evaluation)),
            _section("Precision and recall of negative", _curve(evaluation, answers)),
            _section("Scores by label", "".join(_histograms(evaluation.classes, answers))),
            _section("Negative below a bound", _bounds(evaluation)),
        ]
    if evaluation.pearson is not None:
        parts.append(_section("Scores and ratings", _scatter(answers)))
    title = escape(f"{evaluation.preset} on {evaluation.file}")
    style = (resources.files(__package__) / "page.css").read_text("utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html><html lang="en"><head>{head}<style>{style}</style></head>'
        f"<body><h1>{title}</h1>{''.join(parts)}</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _figures(evaluation: Evaluation) -> str:
    rows = {
        "texts": f"{evaluation.rows:,}",
        "without a score": f"{evaluation.unscored:,}",
        "accuracy": figure(evaluation.accuracy),
        "macro F1": figure(evaluation.macro_f1),
        "AUC of negative": figure(evaluation.auc_negative),
        "Pearson r": figure(evaluation.pearson),
        "Spearman rho": figure(evaluation.spearman),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows.items() if value)
    return f"<dl>{cells}</dl>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _confusion(evaluation: Evaluation) -> str:
    rows = []
    for name, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
        each = evaluation.by_class[name]
        total = max(1, sum(counts))
        cells = (f'<td style="--share:{count / total:.2f}" class="cell">{count:,}</td>' for count in counts)
        tail = (f"<td>{figure(value)}</td>" for value in (each.precision, each.recall, each.f1))
        rows.append([f"<th>{_readable(name)}</th>", *cells, *tail])
    header = ["labelled \\ said", *map(_readable, evaluation.classes), "precision", "recall", "F1"]
    return _table(header, rows)


def _bounds(evaluation: Evaluation) -> str:
    rows = (
        [
            f"<th>{escape(each.rule)}</th>",
            *(f"<td>{value}</td>" for value in (f"{each.found:,}", figure(each.recall), figure(each.precision))),
        ]
        for each in evaluation.bounds
    )
    return _table(["called negative", "texts", "recall", "precision"], rows)


def _curve(evaluation: Evaluation, answers: Answers) -> str:
    axes = Axes((0, 1), (0, 1), "recall", "precision", "precision by recall of negative")
    axes.line(precision_recall_curve(*split(answers)))
    for each in evaluation.bounds[:2]:
        if each.recall is not None and each.precision is not None:
            said = f"{each.rule}: recall {each.recall:.3f}, precision {each.precision:.3f}"
            axes.dots([(each.recall, each.precision)], said, "mark", 5)
    return axes.svg()


def _histograms(classes: Sequence[Label], answers: Answers) -> Iterable[str]:
    for name in classes:
        scores = [score for label, score in zip(answers.labels, answers.scores, strict=True) if label == name]
        bins = [0] * _BINS
        for score in scores:
            bins[min(int(score / 10 * _BINS), _BINS - 1)] += 1
        shares = [100 * count / max(1, len(scores)) for count in bins]
        # A round number, so that the rules are round too.
        top = 10 * (int(max(shares)) // 10 + 1)
        title = f"{_readable(name)} ({len(scores):,})"
        axes = Axes((0, 10), (0, top), f"score of {title}", "% of them", title)
        for place, share in enumerate(shares):
            left, right = place * 10 / _BINS, (place + 1) * 10 / _BINS
            axes.bar(left, right, share, name, f"{left:g} to {right:g}: {bins[place]:,}")
        yield axes.svg()


def _scatter(answers: Answers) -> str:
    low, high = min(answers.ratings), max(answers.ratings)
    axes = Axes((low, high), (0, 10), "rating", "score", "scores by ratings")
    step = -(-len(answers.scores) // _WIDEST)
    axes.dots(list(zip(answers.ratings, answers.scores, strict=True))[::step])
    return axes.svg()


def _readable(name: str) -> str:
    return name.replace("_", " ")
