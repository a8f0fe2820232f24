"""How much each tenant sends, counted where events come in, and when it is too much.

By the second two buckets, of events and of their bytes: each fills at the tenant's rate up to its burst, and whoever
finds an event's room in the one and any room in the other may send, a whole list too, for which they then fill again
from below nothing. So a list is never too long to be sent at all, and over time no more comes in than the rate. By the
day (UTC) counts, which no list may exceed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from streams.tenancy.amounts import Amount
from streams.tenancy.day_counts import DayCounts
from streams.tenancy.tenant_file import Quota, Rated, TenantFile
from streams.tenancy.usage_counts import UsageCounts

DAY_SECONDS: Final = 86_400
# A bucket that is full again is as one that was never used.
_MOST_BUCKETS: Final = 10_000
# What adding and subtracting seconds leaves.
_NOTHING: Final = 1e-6

Per = Literal["second", "day"]
Of = Literal["events", "bytes"]
OF: Final[tuple[Of, Of]] = ("events", "bytes")
PER: Final[tuple[Per, Per]] = ("second", "day")


class Exceeded(Exception):
    """A tenant wants to send more than it may: `seconds` until it may again, at least 1. Nothing was counted."""

    def __init__(self, tenant: str, of: Of, per: Per, most: float, left: int, seconds: int) -> None:
        often = f"{_figure(most)} {of} in a {per}"
        room = f", of which {left:,} are left" if per == "day" else ""
        super().__init__(f"tenant {tenant} may send {often}{room}: send the same again in {seconds} s")
        self.tenant = tenant
        self.of: Of = of
        self.per: Per = per
        self.most = most
        self.left = left
        self.seconds = seconds

    @property
    def quota(self) -> str:
        """Which one, as the file of tenants names it."""
        return f"{self.of}_per_{self.per}"


class Room(NamedTuple):
    """What is left of a bucket: of what, how many it holds, seconds in which it fills, and until it is full."""

    of: Of
    left: int
    most: int
    window: int
    seconds: int


class Rooms(NamedTuple):
    """What is left of each bucket that a tenant has. `owed` are the seconds until the bytes are paid for that were more
    than there was room for, of whichever tenant that is longest.
    """

    all: Sequence[Room]
    owed: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit, as the IETF's draft has them; none where nothing is limited by the second."""
        if not self.all:
            return {}
        return {
            "RateLimit-Policy": ", ".join(policy(_POLICY[one.of], one.of, one.most, one.window) for one in self.all),
            "RateLimit": ", ".join(f'"{_POLICY[one.of]}";r={one.left};t={one.seconds}' for one in self.all),
        }


_POLICY: Final[Mapping[Of, str]] = {"events": "tenant", "bytes": "tenant-bytes"}


def policy(name: str, of: Of, most: float, window: int) -> str:
    """An item of RateLimit-Policy. Its unit is bytes of content, or what is left unsaid: events."""
    unit = ';qu="content-bytes"' if of == "bytes" else ""
    return f'"{name}";q={most:.0f};w={window}{unit}'


class _Bucket(NamedTuple):
    level: float
    at: float


class Quotas:
    """Counts in this process, the days in `days`. `seconds` never goes back, `now` is aware. `usage` is told by whoever
    asks here what became of it.
    """

    def __init__(
        self,
        current: Callable[[], TenantFile],
        days: DayCounts,
        seconds: Callable[[], float],
        now: Callable[[], datetime],
        usage: UsageCounts,
    ) -> None:
        self.usage = usage
        self._current = current
        self._days = days
        self._seconds = seconds
        self._now = now
        self._buckets: dict[tuple[str, Of], _Bucket] = {}

    def take(self, wanted: Mapping[str, Amount]) -> Rooms:
        """Count so much of each tenant: all of it, or none and Exceeded is raised. Returns what is left to the tenant
        if it is one alone.
        """
        file = self._current()
        quotas = {tenant: file.quota(tenant) for tenant in wanted}
        for tenant, quota in quotas.items():
            self._check_buckets(tenant, quota)
        self._take_day(wanted, quotas)
        rooms = [self._take(tenant, quota, wanted[tenant]) for tenant, quota in quotas.items()]
        self._forget()
        return Rooms(rooms[0] if len(rooms) == 1 else (), self._owed(quotas))

    def give_back(self, wanted: Mapping[str, Amount]) -> None:
        """What was counted and did not get into the log: whoever sends it again is not to pay twice."""
        file = self._current()
        by_day = {tenant: amount for tenant, amount in wanted.items() if any(_day_limits(file.quota(tenant)))}
        if by_day:
            self._days.give_back(self._day(), by_day)
        for tenant, amount in wanted.items():
            for of, rated, number in zip(OF, file.quota(tenant).rates, amount, strict=True):
                if rated.rate:
                    level = min(rated.at_once, self._level(tenant, of, rated) + number)
                    self._buckets[tenant, of] = _Bucket(level, self._seconds())

    def _take(self, tenant: str, quota: Quota, amount: Amount) -> Sequence[Room]:
        rooms = []
        for of, rated, number in zip(OF, quota.rates, amount, strict=True):
            if not rated.rate:
                continue
            level = self._level(tenant, of, rated) - number
            self._buckets[tenant, of] = _Bucket(level, self._seconds())
            fills, until = math.ceil(rated.at_once / rated.rate), math.ceil((rated.at_once - level) / rated.rate)
            rooms.append(Room(of, max(0, int(level)), int(rated.at_once), fills, until))
        return rooms

    def _owed(self, quotas: Mapping[str, Quota]) -> float:
        rates = {tenant: quota.rates[OF.index("bytes")] for tenant, quota in quotas.items()}
        owed = (-self._level(tenant, "bytes", rated) / rated.rate for tenant, rated in rates.items() if rated.rate)
        return max([0.0, *owed])

    def _check_buckets(self, tenant: str, quota: Quota) -> None:
        """Raises Exceeded, by the bucket that is longer empty."""
        waits = [
            Exceeded(tenant, of, "second", rated.rate, 0, max(1, math.ceil(missing / rated.rate - _NOTHING)))
            for of, rated in zip(OF, quota.rates, strict=True)
            if rated.rate and (missing := 1.0 - self._level(tenant, of, rated)) > _NOTHING
        ]
        if waits:
            raise max(waits, key=lambda each: each.seconds)

    def _take_day(self, wanted: Mapping[str, Amount], quotas: Mapping[str, Quota]) -> None:
        limits = {tenant: most for tenant, quota in quotas.items() if any(most := _day_limits(quota))}
        if not limits:
            return
        full = self._days.take(self._day(), {tenant: wanted[tenant] for tenant in limits}, limits)
        if full is not None:
            limit = limits[full.tenant][OF.index(full.of)]
            raise Exceeded(full.tenant, full.of, "day", limit, full.left, self._seconds_of_day_left())

    def _level(self, tenant: str, of: Of, rated: Rated) -> float:
        known = self._buckets.get((tenant, of))
        if known is None:
            return rated.at_once
        return min(rated.at_once, known.level + (self._seconds() - known.at) * rated.rate)

    def _forget(self) -> None:
        if len(self._buckets) > _MOST_BUCKETS:
            file = self._current()
            full = [
                (tenant, of)
                for tenant, of in self._buckets
                if self._level(tenant, of, rated := file.quota(tenant).rates[OF.index(of)]) >= rated.at_once
            ]
            for name in full:
                del self._buckets[name]

    def _day(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()

    def _seconds_of_day_left(self) -> int:
        now = self._now().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(seconds=DAY_SECONDS)
        return max(1, math.ceil((midnight - now).total_seconds()))


def _day_limits(quota: Quota) -> Amount:
    return Amount(quota.events_per_day, quota.bytes_per_day)


def _figure(most: float) -> str:
    return f"{most:,.0f}" if most >= 1_000 or most == int(most) else f"{most:g}"
