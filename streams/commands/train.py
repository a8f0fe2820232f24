"""`ticketpulse train`: a model out of labelled texts, with what it is worth beside the lexicon."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.evaluate import delimiter_of, known_encoding, neutral_of
from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.given import tenant_of
from streams.commands.model import need_extra, open_shelf
from streams.commands.terminal import Output, OutputOption, counted, print_json, print_table, say

if TYPE_CHECKING:
    from streams.evaluation.labelled import Layout
    from streams.learning.examples import Example, Halves
    from streams.learning.training import Report
    from streams.learning.trial import Trial


class TextKind(StrEnum):
    """What is told of a text."""

    SENTIMENT = "sentiment"
    CATEGORY = "category"


def train(
    file: Annotated[
        Path | None, typer.Argument(help="CSV, tab-separated text, or JSON lines (.jsonl, .ndjson) with labels.")
    ] = None,
    kind: Annotated[TextKind, typer.Option(help="What the labels are.")] = TextKind.SENTIMENT,
    from_corrections: Annotated[
        bool, typer.Option("--from-corrections", help="Learn from what people corrected, in ClickHouse.")
    ] = False,
    tenant: Annotated[
        str | None, typer.Option(help="Whose model it is, and whose corrections; all without it.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="A file to try it on, in place of the later rows.")] = None,
    split: Annotated[float, typer.Option(help="The share of the rows, the earlier ones, that is learned from.")] = 0.8,
    text: Annotated[str | None, typer.Option(help="The column of the text; default: by its name.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the label; default: by its name.")] = None,
    time: Annotated[str | None, typer.Option(help="The column of the time; default: by its name, if any.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Leave rows of this label out; may be given again.")] = None,
    neutral: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Ratings that are neutral, where labels are numbers.")
    ] = None,
    header: Annotated[bool, typer.Option("--header/--no-header", help="Whether the first line names columns.")] = True,
    delimiter: Annotated[str | None, typer.Option(help="What is between columns, or `tab`.")] = None,
    encoding: Annotated[str, typer.Option(help="How characters are written.")] = "utf-8",
    refit: Annotated[
        bool, typer.Option("--refit", help="In the end learn from all rows; the figures are those of before.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Learn sentiment or categories from labelled texts, and say what that is worth.

    The later rows are held out: the model, the lexicon scorer and naive Bayes are tried on the same of them. Texts that
    stand among the earlier rows too are left out there. Below 500 labels nothing is learned. The model is written to
    TICKETPULSE_MODELS, signed with TICKETPULSE_MODEL_KEY; it does nothing until it is put in force.

        ticketpulse train tweets.csv --split 0.5

        ticketpulse train questions.csv --kind category --test later.csv

        ticketpulse train --from-corrections --tenant acme --refit
    """
    need_extra()
    if (file is None) != from_corrections:
        raise Failure("name a file, or give --from-corrections", USAGE)
    if not 0.1 <= split <= 0.95:
        raise Failure(f"--split {split}: from 0.1 to 0.95 of the rows", USAGE)
    # Before minutes are spent on what cannot be kept then.
    shelf, of_tenant = open_shelf(), tenant_of(tenant)
    from streams.evaluation.labelled import Layout
    from streams.learning.examples import cut_in_time, without_leaks
    from streams.learning.training import TooFew, check
    from streams.learning.training import train as learn

    layout = Layout(header=header, delimiter=delimiter_of(delimiter), encoding=known_encoding(encoding))
    columns = {"text": text, "label": label, "time": time}
    limits = neutral_of(neutral)
    dropped = set(without or ())
    examples = _examples(file, kind, layout, columns, limits) if file else _corrected(kind, of_tenant)
    examples = [each for each in examples if each.label not in dropped]
    if test is None:
        halves: Halves = cut_in_time(examples, split)
    else:
        later = [each for each in _examples(test, kind, layout, columns, limits) if each.label not in dropped]
        halves = without_leaks(examples, later, f"rows of {test.name}")
    if not halves.held_out:
        raise Failure("no row is left to try it on: all later texts stand among the earlier ones")
    now = datetime.now(UTC)
    source = file.name if file else "corrections"
    try:
        check(kind.value, examples, halves.learned)
        say(f"learning from {counted(len(halves.learned), 'row')}, trying it on {len(halves.held_out):,}")
        trained = learn(kind.value, halves, now, tenant=of_tenant or "", refit=refit, source=source)
    except TooFew as error:
        raise Failure(str(error)) from None
    written = shelf.keep(trained.card, trained.arrays)
    if output is Output.JSON:
        print_json({"file": str(written), "card": trained.card, "report": trained.report})
        return
    _tell(trained.report, refit)
    typer.echo(f"written: {written}")


def _examples(
    file: Path,
    kind: TextKind,
    layout: "Layout",
    columns: dict[str, str | None],
    neutral: tuple[float, float] | None,
) -> "list[Example]":
    from streams.evaluation.labelled import BadFile
    from streams.learning.examples import columns_of, read_examples

    try:
        found = columns_of(file, layout, kind.value, columns)
        told = f"{found.text!r} is the text, {found.label!r} the label, {found.time or 'no column'!r} the time"
        say(f"{file.name}: {told}")
        return read_examples(file, layout, found, kind.value, neutral)
    except BadFile as error:
        raise Failure(str(error)) from None


def _corrected(kind: TextKind, tenant: str | None) -> "list[Example]":
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.commands.settings import load_settings
    from streams.learning.corrections import corrected

    try:
        return corrected(load_settings().clickhouse, kind.value, tenant)
    except (QueryFailed, CannotOpen) as error:
        raise of_engine(error) from error


def _tell(report: "Report", refit: bool) -> None:
    same = f"; {counted(report.dropped, 'text')} left out there, which are learned from too" if report.dropped else ""
    typer.echo(f"learned from {report.learned:,}, tried on {report.held_out:,}, {report.by}{same}")
    typer.echo("")
    _tell_figures(report.trials)
    typer.echo("")
    model = report.trials[0]
    print_table(
        ("class", "rows", "precision", "recall", "F1"),
        [
            (name, f"{each.labelled:,}", _figure(each.precision), _figure(each.recall), _figure(each.f1))
            for name, each in model.by_class.items()
        ],
    )
    typer.echo("")
    for gain in report.gains:
        judged = "better" if gain.better else "worse" if gain.high < 0 else "no better, as far as these rows can tell,"
        typer.echo(
            f"{judged} than {'the lexicon' if gain.over == 'lexicon' else gain.over}: macro-F1 {gain.macro_f1:+.3f} "
            f"(95 % of resampled rows: {gain.low:+.3f} to {gain.high:+.3f})"
        )
    if refit:
        typer.echo("then learned from all rows; the figures are those of the model before")


def _tell_figures(trials: "Sequence[Trial]") -> None:
    print_table(
        ("", "macro-F1", "F1 negative", "AUC negative", "accuracy", "calibration error", "before calibration"),
        [
            (
                each.name,
                _figure(each.macro_f1),
                _figure(each.by_class["negative"].f1 if "negative" in each.by_class else None),
                _figure(each.auc_negative),
                _figure(each.accuracy),
                _figure(each.calibration_error),
                _figure(each.uncalibrated_error),
            )
            for each in trials
        ],
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
