"""A month of a busy desk, made by the engine itself: events, their windows, escalations, alerts and dead letters."""

from datetime import datetime
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

BLOCK_EVENTS = 200_000
TICKETS_TOGETHER = 12_500
# As the sink inserts: rows of one key are replaced later, when they are merged or read.
_SETTINGS = {"max_partitions_per_insert_block": 0, "max_block_size": BLOCK_EVENTS, "optimize_on_insert": 0}


class History(NamedTuple):
    """`events` spread evenly over the `days` before `until` (aware). One in a hundred is of the tenant "other".

    The newest come in `small_blocks`, of which the engine has not merged all by the time somebody looks.
    """

    events: int
    days: int
    until: datetime
    small_blocks: int = 40


def write_history(client: Client, history: History) -> None:
    """Fill the tables, which exist and are empty. Each twentieth block of events comes twice."""
    for number, (first, last) in enumerate(_blocks(history.events, history.small_blocks)):
        for _ in range(2 if number % 20 == 0 else 1):
            _run(client, "history.sql", history, first=first, last=last)
    for size in (60, 300, 3600, 86400):
        _run(client, "windows.sql", history, size=size)
    for name in ("escalations.sql", "alerts.sql", "dead_letters.sql"):
        _run(client, name, history)


def _blocks(events: int, small_blocks: int) -> list[tuple[int, int]]:
    """Large blocks, and the last one in small ones."""
    large = list(range(0, max(events - BLOCK_EVENTS, 0), BLOCK_EVENTS))
    rest = large[-1] + BLOCK_EVENTS if large else 0
    step = max(1, (events - rest) // small_blocks)
    ends = [*large, *range(rest, events, step), events]
    return [(first, last) for first, last in pairwise(ends) if first < last]


def _run(client: Client, name: str, history: History, **more: int) -> None:
    until = f"toDateTime64({history.until.timestamp():.0f}, 3, 'UTC')"
    sql = resources.files(__package__).joinpath(name).read_text("utf-8")
    together = max(1, min(history.events // 40, TICKETS_TOGETHER))
    client.command(
        sql.format(events=history.events, days=history.days, until=until, together=together, **more), settings=_SETTINGS
    )
