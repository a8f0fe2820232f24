"""Windows that the pipeline told again after a re-analysis or an import, set right.

The stage `trends` keeps the totals of a window until no event can count in it any more, and knows nothing of rows that
were scored anew or came without it. A late event makes it tell the window with its old totals, and a window that was
open meanwhile becomes final with them. Both end when the windows are older than events may be late, so few days need
looking at, and for a few days only.
"""

from concurrent.futures import Executor
from datetime import datetime

from clickhouse_connect.driver.client import Client

from streams.reanalysis.running import settled_by
from streams.recount.rebuilding import each_day, rebuild
from streams.recount.rows import IMPORTED_FROM
from streams.windows import WindowRules


def unsettled_days(client: Client, rules: WindowRules, now: datetime) -> list[int]:
    """The days (Unix seconds of their begin) whose windows the pipeline may tell still, and in which rows were scored
    anew or imported.
    """
    largest = rules.sizes[-1]
    oldest = (int(now.timestamp()) - rules.late_horizon - rules.allowed_lateness) // largest * largest - largest
    rows = client.query(
        f"SELECT DISTINCT intDiv(toUnixTimestamp(occurred_at), {largest}) * {largest} AS day FROM scored_events "  # noqa: S608
        "WHERE (model_epoch > 0 OR log_partition >= {imported:UInt32}) "
        "AND occurred_at >= toDateTime({oldest:Int64}, 'UTC') ORDER BY day",
        parameters={"oldest": oldest, "imported": IMPORTED_FROM},
    ).result_rows
    return [int(row[0]) for row in rows]


def settle(client: Client, rules: WindowRules, executor: Executor, now: datetime) -> int:
    """Store the windows of these days that differ from their events; returns how many. Doing it again does nothing."""
    days = each_day(unsettled_days(client, rules, now), rules, None)
    return sum(rebuild(client, days, rules, executor, 1, settled=settled_by(now, rules)))
