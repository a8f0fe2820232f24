"""What each tenant sent and was refused, by the hour, in the file that has the counts of days: for whoever looks.

It decides nothing, so it is written every two seconds and not with each request. All gateways and mailboxes of a
machine that use one file add to it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from sinks.tenant_labels import OTHER
from streams.tenancy.amounts import Amount
from streams.tenancy.day_counts import BUSY_SECONDS, opened

log = logging.getLogger(__name__)

KEEP_SECONDS: Final = 2.0
# A name may be thought up by anybody: so many of an hour, and the rest is `other`.
MOST_TENANTS: Final = 1_000

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS usage (
    hour TEXT NOT NULL, tenant TEXT NOT NULL, accepted_events INTEGER NOT NULL, accepted_bytes INTEGER NOT NULL,
    refused_events INTEGER NOT NULL, refused_bytes INTEGER NOT NULL, PRIMARY KEY (hour, tenant)
) WITHOUT ROWID
"""
_ADD: Final = """
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hour, tenant) DO UPDATE SET
    accepted_events = accepted_events + excluded.accepted_events,
    accepted_bytes = accepted_bytes + excluded.accepted_bytes,
    refused_events = refused_events + excluded.refused_events,
    refused_bytes = refused_bytes + excluded.refused_bytes
"""
_READ: Final = """
SELECT tenant, sum(accepted_events), sum(accepted_bytes), sum(refused_events), sum(refused_bytes)
FROM usage WHERE hour >= ? GROUP BY tenant
"""


# Hour and tenant.
_Place = tuple[str, str]


class Used(NamedTuple):
    """What a tenant sent: what was let in, and what was answered 429."""

    accepted: Amount = Amount()
    refused: Amount = Amount()


class UsageCounts:
    """Opens `file`, or counts in memory where there is none. Hours before `oldest` are forgotten. `now` is aware."""

    def __init__(self, file: Path | None, now: Callable[[], datetime], oldest: str = "") -> None:
        """Raises OSError, or sqlite3.Error for a file that is none of these."""
        self._now = now
        self._noted: dict[_Place, Used] = {}
        self._hour = ""
        self._tenants: set[str] = set()
        self._database = opened(file)
        self._database.execute(_SCHEMA)
        self._database.execute("DELETE FROM usage WHERE hour < ?", (oldest,))

    def accepted(self, amounts: Mapping[str, Amount]) -> None:
        """So much of each tenant came into the log."""
        for tenant, amount in amounts.items():
            self._add(tenant, Used(accepted=amount))

    def refused(self, amounts: Mapping[str, Amount]) -> None:
        """So much of each tenant was answered 429."""
        for tenant, amount in amounts.items():
            self._add(tenant, Used(refused=amount))

    def write(self) -> None:
        """Put down what was noted since the last time. What cannot be written now is kept for the next one."""
        self._keep(self._put(self._taken()))

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Within the block what is noted is written every two seconds, and at its end."""
        writing = asyncio.create_task(self._keep_writing(), name="tenants' usage")
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            self.write()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            # The file may be busy for a moment, and events are not to wait for that.
            self._keep(await asyncio.to_thread(self._put, self._taken()))

    def _taken(self) -> Mapping[_Place, Used]:
        noted, self._noted = self._noted, {}
        return noted

    def _put(self, noted: Mapping[_Place, Used]) -> Mapping[_Place, Used]:
        """Write it; returns what could not be written. Nothing else of the object is touched: it may be a thread."""
        rows = [(*place, *used.accepted, *used.refused) for place, used in noted.items()]
        try:
            if rows:
                self._database.executemany(_ADD, rows)
        except sqlite3.Error as error:
            log.warning("what tenants use was not put down, and is kept for the next time: %s", error)
            return noted
        return {}

    def _keep(self, noted: Mapping[_Place, Used]) -> None:
        for place, used in noted.items():
            self._noted[place] = _sum(self._noted.get(place, Used()), used)

    def _add(self, tenant: str, used: Used) -> None:
        hour = hour_of(self._now())
        if hour != self._hour:
            self._hour, self._tenants = hour, set()
        if len(self._tenants) < MOST_TENANTS:
            self._tenants.add(tenant)
        self._keep({(hour, tenant if tenant in self._tenants else OTHER): used})


def hour_of(moment: datetime) -> str:
    """The hour that it is in, UTC, as it is in the file."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def read_usage(file: Path, since: datetime) -> dict[str, Used] | None:
    """What each tenant used from the hour of `since` on; None where nothing was ever counted.

    Raises sqlite3.Error for a file that cannot be read.
    """
    if not file.exists():
        return None
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", timeout=BUSY_SECONDS, uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'usage'").fetchone():
            return None
        found = database.execute(_READ, (hour_of(since),)).fetchall()
    return {tenant: Used(Amount(*counts[:2]), Amount(*counts[2:])) for tenant, *counts in found}


def _sum(one: Used, other: Used) -> Used:
    return Used(*(Amount(a.events + b.events, a.bytes + b.bytes) for a, b in zip(one, other, strict=True)))
