"""How much each tenant sends, counted where events come in, and when it is too much.

By the second a bucket: it fills at the tenant's rate up to its burst, and whoever finds an event's room in it may send,
a whole list too, for which it then fills again from below nothing. So a list is never too long to be sent at all, and
over time no more comes in than the rate. By the day (UTC) a count, which no list may exceed.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from streams.tenancy.day_counts import DayCounts
from streams.tenancy.tenant_file import Quota, TenantFile

DAY_SECONDS: Final = 86_400
# A bucket that is full again is as one that was never used.
_MOST_BUCKETS: Final = 10_000
# What adding and subtracting seconds leaves.
_NOTHING: Final = 1e-6

Per = Literal["second", "day"]


class Exceeded(Exception):
    """A tenant wants to send more than it may: `seconds` until it may again, at least 1. Nothing was counted."""

    def __init__(self, tenant: str, per: Per, most: float, left: int, seconds: int) -> None:
        often = f"{most:g} events in a {per}"
        room = f", of which {left} are left" if per == "day" else ""
        super().__init__(f"tenant {tenant} may send {often}{room}: send the same again in {seconds} s")
        self.tenant = tenant
        self.per: Per = per
        self.most = most
        self.left = left
        self.seconds = seconds


class Room(NamedTuple):
    """What is left of a bucket: events, how many it holds, seconds in which it fills, and until it is full."""

    left: int
    most: int
    window: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit, as the IETF's draft has them."""
        return {
            "RateLimit-Policy": f'"tenant";q={self.most};w={self.window}',
            "RateLimit": f'"tenant";r={self.left};t={self.seconds}',
        }


class _Bucket(NamedTuple):
    level: float
    at: float


class Quotas:
    """Counts in this process, the days in `days`. `seconds` never goes back, `now` is aware."""

    def __init__(
        self,
        current: Callable[[], TenantFile],
        days: DayCounts,
        seconds: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._current = current
        self._days = days
        self._seconds = seconds
        self._now = now
        self._buckets: dict[str, _Bucket] = {}

    def take(self, wanted: Mapping[str, int]) -> Room | None:
        """Count so many events of each tenant: all of them, or none and Exceeded is raised. Returns what is left to
        the tenant if it is one alone and has a rate.
        """
        file = self._current()
        quotas = {tenant: file.quota(tenant) for tenant in wanted}
        for tenant, quota in quotas.items():
            self._check_bucket(tenant, quota)
        self._take_day({tenant: wanted[tenant] for tenant, quota in quotas.items() if quota.events_per_day}, quotas)
        rooms = [self._take(tenant, quota, wanted[tenant]) for tenant, quota in quotas.items()]
        self._forget()
        return rooms[0] if len(rooms) == 1 else None

    def give_back(self, wanted: Mapping[str, int]) -> None:
        """What was counted and did not get into the log: whoever sends it again is not to pay twice."""
        file = self._current()
        self._days.give_back(
            self._day(), {tenant: events for tenant, events in wanted.items() if file.quota(tenant).events_per_day}
        )
        for tenant, events in wanted.items():
            quota = file.quota(tenant)
            if quota.events_per_second:
                level = min(quota.at_once, self._level(tenant, quota) + events)
                self._buckets[tenant] = _Bucket(level, self._seconds())

    def _take(self, tenant: str, quota: Quota, events: int) -> Room | None:
        rate = quota.events_per_second
        if not rate:
            return None
        level = self._level(tenant, quota) - events
        self._buckets[tenant] = _Bucket(level, self._seconds())
        full = quota.at_once
        return Room(max(0, int(level)), int(full), math.ceil(full / rate), math.ceil((full - level) / rate))

    def _check_bucket(self, tenant: str, quota: Quota) -> None:
        if not quota.events_per_second:
            return
        missing = 1.0 - self._level(tenant, quota)
        if missing > _NOTHING:
            seconds = max(1, math.ceil(missing / quota.events_per_second - _NOTHING))
            raise Exceeded(tenant, "second", quota.events_per_second, 0, seconds)

    def _take_day(self, wanted: Mapping[str, int], quotas: Mapping[str, Quota]) -> None:
        if not wanted:
            return
        full = self._days.take(self._day(), wanted, {tenant: quotas[tenant].events_per_day for tenant in wanted})
        if full is not None:
            most = quotas[full.tenant].events_per_day
            raise Exceeded(full.tenant, "day", most, full.left, self._seconds_of_day_left())

    def _level(self, tenant: str, quota: Quota) -> float:
        known = self._buckets.get(tenant)
        if known is None:
            return quota.at_once
        return min(quota.at_once, known.level + (self._seconds() - known.at) * quota.events_per_second)

    def _forget(self) -> None:
        if len(self._buckets) > _MOST_BUCKETS:
            file = self._current()
            full = [name for name in self._buckets if self._level(name, q := file.quota(name)) >= q.at_once]
            for name in full:
                del self._buckets[name]

    def _day(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()

    def _seconds_of_day_left(self) -> int:
        now = self._now().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(seconds=DAY_SECONDS)
        return max(1, math.ceil((midnight - now).total_seconds()))
