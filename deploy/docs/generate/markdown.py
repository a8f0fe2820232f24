"""Pieces of Markdown."""

import inspect
from collections.abc import Iterable, Sequence


def page(title: str, intro: str, *parts: str) -> str:
    """A page that was made, and says so to whoever would edit it."""
    made = "<!-- Made from code by `make reference`; a test holds it against the code. -->"
    return "\n\n".join([f"# {title}", made, inspect.cleandoc(intro), *parts]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = [_row(header), _row(["---"] * len(header)), *(_row([_cell(cell) for cell in row]) for row in rows)]
    return "\n".join(lines)


def code(text: object) -> str:
    """As code, or nothing for an empty text."""
    return f"`{text}`" if str(text) else ""


def one_line(text: str | None) -> str:
    """Without breaks; empty for None."""
    return " ".join((text or "").split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")
