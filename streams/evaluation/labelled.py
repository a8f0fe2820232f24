"""Labelled texts out of CSV, tab-separated text or JSON lines."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from schemas.scored import LABELS, Label

Row = Mapping[str, object]
Made = TypeVar("Made")

_BEGINS: Final = 10_000
_DELIMITERS: Final = ",;"
_OF_SHORT: Final[Mapping[str, Label]] = {
    **{label: label for label in LABELS},
    **{"neg": "negative", "neu": "neutral", "pos": "positive"},
}


class Labelled(NamedTuple):
    """A text with what people said of it: a label, or a rating on any scale on which more is better."""

    text: str
    label: Label | None = None
    rating: float | None = None


class Layout(NamedTuple):
    """How a file is written. Without a header, columns are numbers from 1; `delimiter` None is seen from the file."""

    text: str = "text"
    label: str = "label"
    header: bool = True
    delimiter: str | None = None
    encoding: str = "utf-8"


class BadFile(Exception):
    """What is wrong in a file, and in which line."""


def read_labelled(path: Path, layout: Layout, keep: Callable[[int], bool] = lambda row: True) -> list[Labelled]:
    """The rows of a file; `keep` is asked with the number of each, from 1.

    JSON lines if the name ends with .jsonl or .ndjson. Fields of tab-separated text have no quotation marks around
    them. Raises BadFile for a line that cannot be read, and for a file without a row.
    """
    found = read_rows(path, layout, lambda row, line: _labelled(row, line, layout), keep)
    if {row.rating is None for row in found} == {True, False}:
        raise BadFile(f"{path}: some labels are numbers and some are words; they must be one or the other")
    return found


def read_rows(
    path: Path, layout: Layout, make: Callable[[Row, int], Made], keep: Callable[[int], bool] = lambda row: True
) -> list[Made]:
    """What `make` makes of the rows of a file, each with its line; `keep` is asked with the number of each, from 1.

    `make` may raise BadLine. Raises BadFile.
    """
    lines = _lines(path, layout.encoding)
    rows = _of_json(lines) if path.suffix in {".jsonl", ".ndjson"} else _of_columns(path, lines, layout)
    found: list[Made] = []
    number = 0
    try:
        for number, (line, row) in enumerate(rows, 1):
            if keep(number):
                found.append(make(row, line))
    except UnicodeError as error:
        raise BadFile(f"{path}: not {layout.encoding} near row {number + 1}; name another --encoding") from error
    except BadLine as error:
        raise BadFile(f"{path}:{error.line}: {error}") from error
    if not found:
        raise BadFile(f"{path}: no rows")
    return found


class BadLine(Exception):
    """What is wrong in a line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _lines(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding, newline="") as stream:
        yield from stream


def _of_json(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadLine(number, f"not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadLine(number, "not a JSON object")
        yield number, row


def _of_columns(path: Path, lines: Iterable[str], layout: Layout) -> Iterator[tuple[int, Row]]:
    delimiter = layout.delimiter or _delimiter_of(path, layout.encoding)
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL)
    names: list[str] | None = None
    try:
        for row in reader:
            if not row:
                continue
            if not layout.header:
                names = list(map(str, range(1, len(row) + 1)))
            elif names is None:
                names = [name.strip().removeprefix("\ufeff") for name in row]
                continue
            elif len(row) < len(names):
                raise BadLine(reader.line_num, f"{len(row)} columns where the header has {len(names)}")
            yield reader.line_num, dict(zip(names, row, strict=False))
    except csv.Error as error:
        raise BadLine(reader.line_num, str(error)) from error


def _delimiter_of(path: Path, encoding: str) -> str:
    """A tab if the first line has one, else the first comma or semicolon in it."""
    with path.open(encoding=encoding, newline="") as stream:
        first = stream.readline(_BEGINS)
    return "\t" if "\t" in first else next((each for each in first if each in _DELIMITERS), ",")


def _labelled(row: Mapping[str, object], line: int, layout: Layout) -> Labelled:
    for name, option in ((layout.text, "--text"), (layout.label, "--label")):
        if name not in row:
            raise BadLine(line, f"no column {name!r}; there are {', '.join(row)}. Choose with {option}")
    text, told = row[layout.text], row[layout.label]
    if not isinstance(text, str):
        raise BadLine(line, f"{layout.text!r} is no text: {text!r}")
    label = label_of_word(told)
    if label:
        return Labelled(text, label)
    rating = number_of(told)
    if rating is None:
        raise BadLine(line, f"the label {told!r} is neither a number nor one of {', '.join(LABELS)}")
    return Labelled(text, rating=rating)


def label_of_word(told: object) -> Label | None:
    """The label that a word is, however it is written; None for one that is none."""
    return _OF_SHORT.get(str(told).strip().lower().replace(" ", "_").replace("-", "_"))


def number_of(told: object) -> float | None:
    """A finite number, or None."""
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        return None
    try:
        number = float(told)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None
