"""Scheduled reports as the settings want them."""

from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from sinks.clock import utc_now
from sinks.record_writer import RecordWriter
from sinks.reports.kept import Folder
from sinks.reports.making import DatabaseMaker
from sinks.reports.reporter import Reporter
from sinks.reports.schedule import Schedule
from streams.config import Settings


def reporter_of(settings: Settings, connect: Callable[[], Client], notices: RecordWriter) -> Reporter | None:
    """Who makes the reports that are due and has people told of them; none where no schedule is set."""
    if settings.report_schedule is None:
        return None
    return Reporter(
        Schedule(settings.report_schedule, settings.report_zone, settings.report_span),
        settings.report_tenants,
        Folder(settings.report_dir),
        DatabaseMaker(connect, utc_now),
        notices,
        page=settings.page_url,
        now=utc_now,
    )
