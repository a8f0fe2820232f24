"""`ticketpulse evaluate`: how well a preset's scores agree with labels or ratings that people gave."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.model_option import ModelOption, model_of
from streams.commands.terminal import Output, OutputOption, Progress, print_json
from streams.scoring import PRESETS, Explained

_AT_ONCE = 500


class Rows(StrEnum):
    """Which rows count: to choose figures on one half and to report them on the other."""

    ALL = "all"
    ODD = "odd"
    EVEN = "even"


def evaluate(
    file: Annotated[Path, typer.Argument(help="CSV, tab-separated text, or JSON lines (.jsonl, .ndjson).")],
    text: Annotated[str, typer.Option(help="The column or field of the text.")] = "text",
    label: Annotated[str, typer.Option(help="The column or field of the label or rating.")] = "label",
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(PRESETS)}.")] = "support",
    header: Annotated[
        bool,
        typer.Option("--header/--no-header", help="Whether the first line names the columns; else they are 1, 2, …"),
    ] = True,
    delimiter: Annotated[
        str | None, typer.Option(help="What is between columns, or `tab`; default: seen from the first line.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="How characters are written.")] = "utf-8",
    neutral: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="Ratings that are neutral; below is negative, above positive."),
    ] = None,
    rows: Annotated[Rows, typer.Option(help="Which rows count, the first being 1.")] = Rows.ALL,
    model: ModelOption = None,
    output: OutputOption = Output.TEXT,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots here, too.")] = None,
) -> None:
    """Compare a preset's scores with what people said of the same texts.

    Labels are negative, neutral and positive, or the five from very_negative to very_positive; then the confusion
    matrix, accuracy, F1, the AUC of negative, and precision and recall at each bound are told. Numbers are ratings, on
    any scale on which more is better; then Pearson's and Spearman's correlations are told. What the scorer leaves
    unscored counts as neutral.

        ticketpulse evaluate labelled.csv --text message --label mood --html report.html

        ticketpulse evaluate labelled.csv --model 20261122-081500-1a2b3c4d

        ticketpulse evaluate ratings.txt --no-header --text 3 --label 2 --neutral=-0.5,0.5
    """
    from streams.evaluation.evaluation import answers_of
    from streams.evaluation.evaluation import evaluate as evaluation_of
    from streams.evaluation.labelled import BadFile, Layout, read_labelled

    if preset not in PRESETS:
        raise Failure(f"--preset {preset}: there are {', '.join(PRESETS)}", USAGE)
    layout = Layout(text, label, header, delimiter_of(delimiter), known_encoding(encoding))
    limits = neutral_of(neutral)
    remainder = {Rows.ODD: 1, Rows.EVEN: 0}.get(rows)
    try:
        labelled = read_labelled(file, layout, lambda row: remainder is None or row % 2 == remainder)
    except BadFile as error:
        raise Failure(str(error)) from None
    results, name = _results(preset, [row.text for row in labelled], model)
    answers = answers_of(labelled, results, limits)
    evaluation = evaluation_of(answers, file.name, preset, name)
    if html is not None:
        from streams.evaluation.page import page

        html.write_text(page(evaluation, answers), "utf-8")
    if output is Output.JSON:
        print_json(evaluation)
        return
    from rich.console import Console

    from streams.evaluation.table import tables

    console = Console()
    console.print(f"{preset} ({name}) on {file.name}", markup=False, highlight=False)
    for table in tables(evaluation):
        console.print(table)


def _results(preset: str, texts: list[str], version: str | None) -> tuple[list[Explained], str]:
    from streams.commands.settings import given_settings
    from streams.scoring import scorer_of
    from streams.scoring.presets import label_bounds

    judges = model_of(version, given_settings()).of("") if version else None
    scorer, progress = scorer_of(preset), Progress()
    results: list[Explained] = []
    for start in range(0, len(texts), _AT_ONCE):
        progress.show(f"{start:,} of {len(texts):,} texts")
        some = texts[start : start + _AT_ONCE]
        found = scorer.score_all(some)
        results += judges.sentiments(some, found, scorer, label_bounds(preset)) if judges else found
    progress.clear()
    return results, judges.name(scorer.name) if judges else scorer.name


def delimiter_of(told: str | None) -> str | None:
    """What --delimiter says. Raises Failure."""
    delimiter = {"tab": "\t", "\\t": "\t"}.get(told or "", told)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise Failure(f"--delimiter {told}: one character, or tab", USAGE)
    return delimiter


def known_encoding(told: str) -> str:
    """What --encoding says. Raises Failure."""
    import codecs

    try:
        # Python also calls base64 and zip codecs, which no text is written in.
        "".encode(told)
        return codecs.lookup(told).name
    except (LookupError, UnicodeError):
        raise Failure(
            f"--encoding {told}: Python knows none of that name; utf-8 and latin-1 are usual", USAGE
        ) from None


def neutral_of(told: str | None) -> tuple[float, float] | None:
    """What --neutral says. Raises Failure."""
    if told is None:
        return None
    try:
        low, high = map(float, told.split(","))
    except ValueError:
        raise Failure(
            f"--neutral {told}: two numbers with a comma between them, as in --neutral=-0.5,0.5", USAGE
        ) from None
    if not low <= high:
        raise Failure(f"--neutral {told}: the first number must not be above the second", USAGE)
    return low, high
