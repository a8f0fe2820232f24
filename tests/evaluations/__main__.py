"""`python -m tests.evaluations [MODULE]...`: run each module of this folder that has `rows()`, and print its table."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence

import tests.evaluations
from tests.evaluations.row import Row


def main(wanted: Sequence[str]) -> None:
    """All modules, or those that are named."""
    for name in sorted(each.name for each in pkgutil.iter_modules(tests.evaluations.__path__)):
        if name == "__main__" or (wanted and name not in wanted):
            continue
        rows: Callable[[], list[Row]] | None = getattr(
            importlib.import_module(f"tests.evaluations.{name}"), "rows", None
        )
        if rows is not None:
            print(f"\n## {name}\n\n{table(rows())}", flush=True)


def table(rows: Sequence[Row]) -> str:
    """Markdown, with a column for each figure that some row has."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    header = ["model", "data", "split", *names, "cost"]
    cells = [[row.model, row.data, row.split, *(row.figures.get(name, "") for name in names), row.cost] for row in rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in (header, ["---"] * len(header), *cells))


if __name__ == "__main__":
    main(sys.argv[1:])
