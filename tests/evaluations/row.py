"""A row of the table of figures, and the folder of data that are not in the project."""

import os
from pathlib import Path
from typing import Final, NamedTuple

PROJECT_DATA: Final = Path(__file__).parents[1] / "data"


class Row(NamedTuple):
    """A model on data that it did not learn from. `figures` by name, as they are to be printed."""

    model: str
    data: str
    split: str
    figures: dict[str, str]
    cost: str = ""


def given_data() -> Path | None:
    """The folder that DATA names: what may be measured with, but is not ours to ship."""
    told = os.environ.get("DATA")
    return Path(told) if told else None
