"""When reports are due, and of which span. Pure.

Times are those of a clock on the wall (`zone`): a time that the clock passes over in spring is due when it has been
turned, one that it shows twice in autumn is due the first time.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from croniter import croniter

Period = Literal["day", "week", "month"]
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "reports.ticketpulse")
# After a long time away so many of a tenant's reports are made up, the newest; nobody reads more.
MADE_UP: Final = 10


class BadSchedule(ValueError):
    """It is no schedule. The message says what is wanted."""


class Span(NamedTuple):
    """From `begin` to before `end`, UTC."""

    begin: datetime
    end: datetime


class Schedule(NamedTuple):
    """A cron expression of five fields by the clocks of `zone`; each report is of the last full `period`."""

    cron: str
    zone: str
    period: Period

    def due(self, after: datetime, until: datetime) -> Sequence[datetime]:
        """The times (UTC) after `after`, up to `until` (both aware); of many the last ones."""
        return sorted({each for each in self._times(after, until) if after < each <= until})[-MADE_UP:]

    def next(self, after: datetime) -> datetime:
        """The first time (UTC) after `after` (aware)."""
        return next(each for each in self._times(after, None) if each > after)

    def span(self, due: datetime) -> Span:
        """The last day, week (from Monday) or month that was full when the report was due."""
        today = due.astimezone(self._clock).date()
        first, end = _period(self.period, today)
        return Span(self._midnight(first), self._midnight(end))

    def report_id(self, tenant: str, due: datetime) -> str:
        """uuid5 of whose it is, of the schedule and of the time at which it is due: made again, it is the same."""
        return str(uuid.uuid5(NAMESPACE, f"{tenant}/{self.name}/{due.astimezone(UTC).isoformat()}"))

    @property
    def name(self) -> str:
        """What tells it from another."""
        return f"{' '.join(self.cron.split())} {self.zone} {self.period}"

    @property
    def _clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._clock).astimezone(UTC)

    def _times(self, after: datetime, until: datetime | None) -> Iterator[datetime]:
        # The clock may be turned between: begin and end a day early and late, who asks sorts it out.
        clock = after.astimezone(self._clock).replace(tzinfo=None) - timedelta(days=1)
        last = until.astimezone(self._clock).replace(tzinfo=None) + timedelta(days=1) if until else None
        shown = croniter(self.cron, clock, ret_type=datetime)
        while True:
            each: datetime = shown.get_next(datetime)
            if last is not None and each > last:
                return
            yield each.replace(tzinfo=self._clock).astimezone(UTC)


def check_cron(cron: str) -> str:
    """The expression, if it is one of five fields that some time fits. Raises BadSchedule."""
    wanted = 'wanted: five fields as cron has them, "0 6 * * mon" for Mondays at six'
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        raise BadSchedule(f"{cron!r} is no schedule; {wanted}")
    try:
        croniter(cron, datetime(2026, 1, 1)).get_next(datetime)  # noqa: DTZ001 - the clock on the wall
    except ValueError as error:
        raise BadSchedule(f"{cron!r} is never; {wanted}") from error
    return cron


def asked_id(tenant: str, span: Span, filters: Sequence[str]) -> str:
    """uuid5 of a report that somebody asked for."""
    told = "/".join((tenant, span.begin.isoformat(), span.end.isoformat(), *filters))
    return str(uuid.uuid5(NAMESPACE, told))


def _period(period: Period, today: date) -> tuple[date, date]:
    """The first day, and the day after the last."""
    if period == "day":
        return today - timedelta(days=1), today
    if period == "week":
        monday = today - timedelta(days=today.weekday())
        return monday - timedelta(days=7), monday
    month = today.replace(day=1)
    return (month - timedelta(days=1)).replace(day=1), month
