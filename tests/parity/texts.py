"""Real texts out of the files of a data folder."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")


def files_in(path: Path) -> list[Path]:
    """The files that can be read: the path itself, or those of the folder."""
    return sorted(file for file in (path.iterdir() if path.is_dir() else [path]) if file.suffix in _READERS)


def texts_of(file: Path) -> list[str]:
    """The texts of a file in its order: JSON lines with a `text`, CSV with a column `text`, or else the last column of
    CSV or of tab-separated text.
    """
    return list(_READERS[file.suffix](file))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text that has more than one; roughly, for more and shorter texts."""
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    return sentences if len(sentences) > 1 else []


def _jsonl(file: Path) -> Iterator[str]:
    yield from (record["text"] for record in map(json.loads, _lines(file)) if "text" in record)


def _tabbed(file: Path) -> Iterator[str]:
    yield from (line.split("\t")[-1] for line in _lines(file))


def _csv(file: Path) -> Iterator[str]:
    lines = _lines(file)
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    rows = list(csv.reader((f"{line}\n" for line in lines), delimiter=delimiter))
    if "text" in rows[0]:
        column = rows[0].index("text")
        return (row[column] for row in rows[1:])
    return (row[-1] for row in rows if row)


def _lines(file: Path) -> Sequence[str]:
    # Not str.splitlines(), which also cuts at characters that belong to a text.
    return file.read_text("utf-8", errors="replace").removesuffix("\n").split("\n")


_READERS = {".jsonl": _jsonl, ".txt": _tabbed, ".csv": _csv}
