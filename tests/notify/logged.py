"""What is logged, by whomever and however fine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """The lines so far, of all that reaches the root logger, with every logger at its own level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keep, root = Keep(), logging.getLogger()
    level = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(keep)
        root.setLevel(level)
