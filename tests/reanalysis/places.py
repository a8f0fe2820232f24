"""What the tests of re-analysis ask a database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from clickhouse_connect.driver.client import Client

from streams.reanalysis.asked import Asked, check
from streams.reanalysis.running import Means, go_on, start
from streams.reanalysis.runs import Run
from streams.reanalysis.scoring import Model
from streams.recount.counting import Days, counted, differences
from streams.recount.rows import Rows
from tests.reanalysis.rows_of_tickets import NOON, Stored, store, tickets
from tests.unit.records import NINE, RULES

DAY = 86_400
DAYS = Days(NINE // 1000 // DAY * DAY - DAY, NINE // 1000 // DAY * DAY + 4 * DAY)
LATER = NOON + timedelta(days=2)
SUPPORT = Model("support", None)


class Place:
    """One database, and what can be asked of it."""

    def __init__(self, url: str, client: Client, executor: ThreadPoolExecutor) -> None:
        self.url, self.client, self.executor = url, client, executor

    @cached_property
    def stages(self) -> Stored:
        """The stages that have made what is there, to go on with."""
        stages = tickets()
        stages.take()
        return stages

    def means(self, now: datetime = LATER, **changes: Any) -> Means:
        """To re-analyse by the usual preset, 20 events at a time."""
        means = Means(self.client, self.executor, 1, SUPPORT, RULES, lambda: now, slice_events=20)
        return means._replace(**changes)

    def reanalyse(self, means: Means | None = None, **asked: Any) -> Run:
        """From begin to end."""
        means = means or self.means()
        return go_on(start(check(Asked(**asked)), means, "test"), means)

    def store(self) -> None:
        """What the stages have told since."""
        store(self.url, self.stages.take())

    def differences(self) -> list[str]:
        """What `windows verify` says."""
        rows = Rows(self.url, RULES)
        again = counted(rows.events(DAYS), rows.escalations(DAYS), RULES, DAYS)
        return [str(one) for one in differences(rows.windows(DAYS), again)]

    def rows(self, sql: str) -> list[Any]:
        """Of a statement."""
        return list(self.client.query(sql).result_rows)
