"""What a report on a week and on a month costs, in a database of a million tickets.

    python -m tests.bench.insight_reports FOLDER

FOLDER is one that `python -m tests.bench.million FOLDER` has filled.
"""

import sys
import time
from datetime import timedelta

from sinks.analytics.selection import Selection
from sinks.clickhouse.client import connect
from sinks.reports.composing import compose
from sinks.reports.html import html
from sinks.reports.material import read_material
from tests.bench.million import UNTIL

DAYS = (7, 7, 30)


def main() -> None:
    """Print seconds by the clock and of the processor; the first of two weeks is read cold."""
    client = connect(f"chdb://{sys.argv[1]}", readonly=True)
    end = UNTIL.replace(hour=0, minute=0)
    for days in DAYS:
        clock, processor = time.perf_counter(), time.process_time()
        report = compose(read_material(client, Selection(since=end - timedelta(days=days), until=end)), end)
        written = html(report)
        took, used = time.perf_counter() - clock, time.process_time() - processor
        print(f"{days} days, {report.figures[0].value:,} tickets: {took:.1f} s, {used:.1f} s of processor time")
        assert written
    client.close()


if __name__ == "__main__":
    main()
