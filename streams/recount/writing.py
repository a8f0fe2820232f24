"""Windows that were counted again, written over the stored ones."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from schemas.windows import COUNTS_BY, NO_SCORE, SUMS, Totals, WindowKey
from sinks.columns import POINTS
from streams.recount.counting import Difference, Stored

COLUMNS = (
    "tenant",
    "size",
    "start",
    "dimension",
    "value",
    "revision",
    "final",
    "version",
    *SUMS,
    *COUNTS_BY,
    "score_min",
    "score_max",
)


def write(client: Client, changed: Iterable[Difference], stored: Mapping[WindowKey, Stored]) -> int:
    """Store each as it was counted, one revision on; one that no event counts in any more with totals of 0. Returns
    how many.

    The version is one on, too: what the pipeline writes of a window later has a version by its place in the log, which
    is higher.
    """
    rows = [row(one.key, one.counted or Totals(), stored.get(one.key)) for one in changed]
    if rows:
        client.insert("windows", rows, column_names=COLUMNS)
    return len(rows)


def row(key: WindowKey, totals: Totals, before: Stored | None) -> list[object]:
    """A final window in the order of COLUMNS, one revision after the stored one."""
    return [
        key.tenant,
        key.size,
        datetime.fromtimestamp(key.start, UTC),
        key.dimension,
        key.value,
        before.revision + 1 if before else 1,
        True,
        before.version + 1 if before else 1,
        *(getattr(totals, name) for name in (*SUMS, *COUNTS_BY)),
        _points(totals.score_min),
        _points(totals.score_max),
    ]


def _points(hundredths: int) -> str | None:
    return None if hundredths == NO_SCORE else POINTS[hundredths]
