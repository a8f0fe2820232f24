"""The table for people, with ratios to the best peer, and the JSON file for comparisons."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.report import machine
from tests.peers.contestants import OURS
from tests.peers.laps import Size, Turn


class Column(NamedTuple):
    """A figure; `more` says that a higher one is better."""

    name: str
    of: Callable[[Turn], float]
    digits: int
    more: bool = False


COLUMNS: Final = (
    Column("scores alone: events/s", lambda turn: turn.scores_rate, 0, more=True),
    Column("scores alone: events/s a core", lambda turn: turn.scores_core_rate, 0, more=True),
    Column("events/s", lambda turn: turn.rate, 0, more=True),
    Column("events/s a core", lambda turn: turn.core_rate, 0, more=True),
    Column("topic p50 ms", lambda turn: turn.modest.topic_p50 * 1000, 0),
    Column("topic p99 ms", lambda turn: turn.modest.topic_p99 * 1000, 0),
    Column("row p50 ms", lambda turn: turn.modest.row_p50 * 1000, 0),
    Column("row p99 ms", lambda turn: turn.modest.row_p99 * 1000, 0),
    Column("topic p99 ms, half load", lambda turn: turn.half.topic_p99 * 1000, 0),
    Column("row p99 ms, half load", lambda turn: turn.half.row_p99 * 1000, 0),
    Column("MB", lambda turn: turn.peak_mb, 0),
    Column("goes on after s", lambda turn: turn.recovery, 1),
    Column("caught up after s", lambda turn: turn.caught_up, 1),
)


def show(turns: Sequence[Turn], console: Console) -> None:
    """Print a column for each contestant, and how ours compares with the best of the others: above 1 is better."""
    table = Table(title="the same job, in turns on one broker", title_justify="left")
    table.add_column("figure")
    for turn in turns:
        table.add_column(turn.name, justify="right")
    table.add_column("ours / best peer", justify="right")
    for column in COLUMNS:
        values = [f"{column.of(turn):,.{column.digits}f}" for turn in turns]
        ratio = against_best(column, turns)
        table.add_row(column.name, *values, f"{ratio:.2f}" if ratio is not None else "")
    table.add_row("promise", *(turn.guarantee for turn in turns), "")
    table.add_row("outcome", *(str(turn.before_kill) for turn in turns), "")
    table.add_row("outcome after the kill", *(str(turn.after_kill) for turn in turns), "")
    console.print(table)


def against_best(column: Column, turns: Sequence[Turn]) -> float | None:
    """How many times better ours is than the best peer; None without both."""
    ours = [column.of(turn) for turn in turns if turn.name == OURS.name]
    peers = [column.of(turn) for turn in turns if turn.name != OURS.name]
    if not ours or not peers:
        return None
    ratio = ours[0] / max(peers) if column.more else min(peers) / ours[0]
    return float(ratio)


def keep(turns: Sequence[Turn], size: Size, folder: Path, began: datetime) -> Path:
    """Write the figures with the machine they were measured on; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"peers-{began:%Y-%m-%dT%H-%M-%SZ}.json"
    document = {
        "began": began.isoformat(),
        "ended": datetime.now(UTC).isoformat(),
        "size": size._asdict(),
        "machine": machine(),
        "turns": [
            {
                **turn._asdict(),
                "core_rate": turn.core_rate,
                "scores_core_rate": turn.scores_core_rate,
                "modest": turn.modest._asdict(),
                "half": turn.half._asdict(),
                "before_kill": turn.before_kill._asdict(),
                "after_kill": turn.after_kill._asdict(),
            }
            for turn in turns
        ],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
