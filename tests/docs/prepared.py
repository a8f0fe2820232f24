"""What some pages take for granted beside what all do: files of labels, and what people corrected."""

import asyncio
import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from streams.learning.examples import Example
from tests.learning.store_corrections import store
from tests.learning.texts import moods

#: As few labels as a model wants, and as few corrections.
_LABELS: Final = 500
#: What customers' moods are taken for where a page has categories.
_CATEGORIES: Final = {"negative": "faults", "neutral": "questions", "positive": "praise"}

Settings = Mapping[str, str]


def prepare(page: str, folder: Path, database: Callable[[str], str]) -> Settings:
    """Put there what the page has, and return the settings of its reader; `database` tells a database's address."""
    if page == "README.md":
        _write(folder / "labelled.csv", moods(_LABELS))
    if page != "docs/learning.md":
        return {}
    _write(folder / "tweets.csv", moods(_LABELS))
    _write(folder / "questions.csv", _of_categories(moods(_LABELS)))
    _write(folder / "later.csv", _of_categories(moods(60, seed=5)))
    # A database of their own: five hundred more messages would be counted on other pages.
    url = database("corrected")
    asyncio.run(store(url, _LABELS, "acme"))
    return {"CLICKHOUSE_URL": url}


def _of_categories(examples: Sequence[Example]) -> list[Example]:
    return [each._replace(label=_CATEGORIES[each.label]) for each in examples]


def _write(path: Path, examples: Sequence[Example]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "created_at"))
        writer.writerows((each.text, each.label, each.at and each.at.isoformat()) for each in examples)
