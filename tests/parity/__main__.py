"""Compare the scorers with the stock libraries on every text of a data folder, and on the sentences cut from them.

One line for each file and one for all. Exits with 1 when any figure differs, and with 2 when there is nothing to read.
"""

import argparse
import platform
import sys
import time
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.parity.stock import Difference, difference
from tests.parity.texts import files_in, sentences_of, texts_of

SAMPLE = Path(__file__).parents[1] / "data"


class Count(NamedTuple):
    """What was compared, and what differed."""

    texts: int
    sentences: int
    differences: list[Difference]
    seconds: float

    def __str__(self) -> str:
        compared = f"{self.texts:>7,} texts {self.sentences:>7,} sentences {self.seconds:>6.1f} s"
        return f"{compared}  {f'{len(self.differences):,} DIFFER' if self.differences else 'equal'}"


def main() -> int:
    """Compare what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument(
        "data", nargs="?", type=Path, default=SAMPLE, help="folder or file: .jsonl, .csv, .txt (default: tests/data)"
    )
    return compare(parser.parse_args().data)


def compare(path: Path) -> int:
    """Compare all files of a folder, or one file; returns the exit code."""
    files = files_in(path) if path.exists() else []
    if not files:
        print(f"{path}: no .jsonl, .csv or .txt to read", file=sys.stderr)
        return 2
    counts = []
    for file in files:
        counts.append(_compare(file))
        print(f"{file.name:<40} {counts[-1]}", flush=True)
    total = _total(counts)
    if total.differences:
        print(f"\nthe first: {total.differences[0]}\n")
    print(f"{f'all, on Python {platform.python_version()}':<40} {total}")
    return 1 if total.differences else 0


def _compare(file: Path) -> Count:
    began = time.perf_counter()
    texts = texts_of(file)
    sentences = list(chain.from_iterable(map(sentences_of, texts)))
    differences = list(filter(None, map(difference, chain(texts, sentences))))
    return Count(len(texts), len(sentences), differences, time.perf_counter() - began)


def _total(counts: list[Count]) -> Count:
    differences = list(chain.from_iterable(count.differences for count in counts))
    texts, sentences = sum(count.texts for count in counts), sum(count.sentences for count in counts)
    return Count(texts, sentences, differences, sum(count.seconds for count in counts))


if __name__ == "__main__":
    sys.exit(main())
