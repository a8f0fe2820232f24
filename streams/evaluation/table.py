"""An evaluation as tables for a terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from streams.evaluation.evaluation import Evaluation

if TYPE_CHECKING:
    from rich.table import Table


def figure(value: float | None) -> str:
    """Three decimals; nothing for what cannot be said."""
    return "" if value is None else f"{value:.3f}"


def tables(evaluation: Evaluation) -> Iterator["Table"]:
    """The figures, and for labels the confusion matrix and what is found at each bound."""
    yield _figures(evaluation)
    if evaluation.classes:
        yield _confusion(evaluation)
        yield _bounds(evaluation)


def _figures(evaluation: Evaluation) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("texts", f"{evaluation.rows:,}")
    table.add_row("without a score", f"{evaluation.unscored:,}")
    for name, value in (
        ("accuracy", evaluation.accuracy),
        ("macro-F1", evaluation.macro_f1),
        ("AUC of negative", evaluation.auc_negative),
        ("Pearson r", evaluation.pearson),
        ("Spearman rho", evaluation.spearman),
    ):
        if value is not None:
            table.add_row(name, figure(value))
    return table


def _confusion(evaluation: Evaluation) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="labelled (rows) and said (columns)", title_justify="left")
    table.add_column("")
    for name in (*evaluation.classes, "precision", "recall", "F1"):
        table.add_column(name.replace("_", " "), justify="right")
    for name, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
        each = evaluation.by_class[name]
        tail = map(figure, (each.precision, each.recall, each.f1))
        table.add_row(name.replace("_", " "), *(f"{count:,}" for count in counts), *tail)
    return table


def _bounds(evaluation: Evaluation) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="called negative", title_justify="left")
    table.add_column("rule")
    for name in ("texts", "recall", "precision"):
        table.add_column(name, justify="right")
    for each in evaluation.bounds:
        table.add_row(each.rule, f"{each.found:,}", figure(each.recall), figure(each.precision))
    return table
