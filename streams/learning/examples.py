"""Labelled texts to learn from: out of a file, with its columns guessed from their names, and cut in time."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from streams.evaluation.labelled import BadLine, Layout, label_of_word, number_of, read_rows
from streams.evaluation.labelled import Row as Columns
from streams.importing.times import Reading, read_time
from streams.learning.tokens import tokens_of

TextKind = Literal["sentiment", "category"]

# In the order of how sure they are; a name counts without its case and what is no letter.
_TEXT: Final = "text message body tweet content comment description question utterance review sentence narrative"
_LABEL: Final[Mapping[TextKind, str]] = {
    "sentiment": "label sentiment mood polarity airlinesentiment rating score class target",
    "category": "category intent label topic class target issue",
}
_TIME: Final = (
    "time occurredat createdat timestamp date datetime tweetcreated tweetcreatedat created sentat postedat at"
)
_THREE: Final = {"very_negative": "negative", "very_positive": "positive"}


class Example(NamedTuple):
    """A text, its class, and when it was written, if that is known."""

    text: str
    label: str
    at: datetime | None = None


class Columned(NamedTuple):
    """Which columns are what; `time` is None where there is none."""

    text: str
    label: str
    time: str | None


def columns_of(path: Path, layout: Layout, kind: TextKind, given: Mapping[str, str | None]) -> Columned:
    """The columns of a file: those that are given, else by their names. Raises BadFile, also for a column that is not
    there or cannot be guessed.
    """

    def made(row: Columns, line: int) -> Columned:
        first, time = list(row), given.get("time")
        return Columned(
            _column(first, given.get("text"), "--text", _TEXT),
            _column(first, given.get("label"), "--label", _LABEL[kind]),
            _named(first, time, "--time") if time else _guessed(first, _TIME),
        )

    [found] = read_rows(path, layout, made, lambda number: number == 1)
    return found


def read_examples(
    path: Path, layout: Layout, columns: Columned, kind: TextKind, neutral: tuple[float, float] | None
) -> list[Example]:
    """The rows of a file. Of sentiment five labels are taken as three, and ratings as what `neutral` makes of them.

    Raises BadFile for a line that cannot be read.
    """

    def made(row: Columns, line: int) -> Example:
        for name in (columns.text, columns.label):
            if name not in row:
                raise BadLine(line, f"no column {name!r}; there are {', '.join(row)}")
        text = row[columns.text]
        if not isinstance(text, str):
            raise BadLine(line, f"{columns.text!r} is no text: {text!r}")
        at = None if columns.time is None else read_time(row.get(columns.time), Reading())
        return Example(text, _label(row[columns.label], kind, neutral, line), at)

    return read_rows(path, layout, made)


def mood(label: str) -> str:
    """One of three for one of five."""
    return _THREE.get(label, label)


class Halves(NamedTuple):
    """What is learned from and what it is tried on. `dropped` texts of the second stood in the first too; `by` says
    what tells earlier from later.
    """

    learned: Sequence[Example]
    held_out: Sequence[Example]
    dropped: int
    by: str


def cut_in_time(examples: Sequence[Example], share: float) -> Halves:
    """The first `share` of the rows to learn from and the later ones to try it on: by their times if each has one, else
    in their order.
    """
    timed = all(each.at is not None for each in examples)
    ordered = sorted(examples, key=lambda each: each.at.timestamp() if each.at else 0.0) if timed else examples
    cut = round(len(ordered) * share)
    return without_leaks(
        ordered[:cut], ordered[cut:], "the later ones by time" if timed else "the later ones in their order"
    )


def without_leaks(learned: Sequence[Example], held_out: Sequence[Example], by: str) -> Halves:
    """Without those held-out texts that are the same as one to learn from, but for case, digits, blanks, mentions and
    addresses.
    """
    known = {plain(each.text) for each in learned}
    kept = [each for each in held_out if plain(each.text) not in known]
    return Halves(learned, kept, len(held_out) - len(kept), by)


def plain(text: str) -> str:
    """What two texts have alike that are the same text to a reader."""
    tokens = [token for token in tokens_of(text) if token[0] not in "@<"]
    return " ".join(tokens) if tokens else text.strip()


def _label(told: object, kind: TextKind, neutral: tuple[float, float] | None, line: int) -> str:
    if kind == "category":
        name = str(told).strip() if told is not None else ""
        if not name:
            raise BadLine(line, "the label is empty")
        return name
    label = label_of_word(told)
    if label:
        return mood(label)
    rating = number_of(told)
    if rating is None:
        raise BadLine(line, f"the label {told!r} is neither negative, neutral or positive nor a number")
    if neutral is None:
        raise BadLine(line, f"the label {told!r} is a rating: say which are neutral, as in --neutral=-0.5,0.5")
    return "negative" if rating < neutral[0] else "positive" if rating > neutral[1] else "neutral"


def _column(columns: Sequence[str], given: str | None, option: str, names: str) -> str:
    found = _named(columns, given, option) if given else _guessed(columns, names)
    if found is None:
        raise BadLine(1, f"which column is it? There are {', '.join(columns)}. Choose with {option}")
    return found


def _named(columns: Sequence[str], name: str, option: str) -> str:
    if name not in columns:
        raise BadLine(1, f"no column {name!r}; there are {', '.join(columns)}. Choose with {option}")
    return name


def _guessed(columns: Sequence[str], names: str) -> str | None:
    bare = {re.sub("[^a-z]", "", name.lower()): name for name in reversed(columns)}
    return next((bare[name] for name in names.split() if name in bare), None)
