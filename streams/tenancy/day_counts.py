"""How many events each tenant sent in a day, in one SQLite file that survives a restart.

All gateways of a machine that use one file count together; another machine has another file.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sent (
    day TEXT NOT NULL, tenant TEXT NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (day, tenant)
) WITHOUT ROWID
"""
_ADD: Final = """
INSERT INTO sent VALUES (?, ?, ?) ON CONFLICT (day, tenant) DO UPDATE SET events = max(0, events + excluded.events)
"""
_BUSY_SECONDS: Final = 2.0


class Full(NamedTuple):
    """A tenant whose day has not room for all of it, and for how many it has."""

    tenant: str
    left: int


class DayCounts:
    """Opens `file`, or counts in memory where there is none. Days before `oldest` are forgotten. For one thread."""

    def __init__(self, file: Path | None, oldest: str = "") -> None:
        """Raises OSError, or sqlite3.Error for a file that is none of these."""
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            file or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A count survives the process; a machine that stops at once may forget the last ones.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_SCHEMA)
        self._database.execute("DELETE FROM sent WHERE day < ?", (oldest,))

    def take(self, day: str, wanted: Mapping[str, int], limits: Mapping[str, int]) -> Full | None:
        """Count all of it; or none, and tell whose day is full."""
        # Other processes wait from the first look on, so that two cannot both take what is left.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for tenant, events in wanted.items():
                left = limits[tenant] - self.of(day, tenant)
                if events > left:
                    return Full(tenant, max(0, left))
            self._database.executemany(_ADD, [(day, tenant, events) for tenant, events in wanted.items()])
            return None
        finally:
            self._database.execute("COMMIT")

    def give_back(self, day: str, counted: Mapping[str, int]) -> None:
        """What was counted and did not get into the log."""
        self._database.executemany(_ADD, [(day, tenant, -events) for tenant, events in counted.items()])

    def of(self, day: str, tenant: str) -> int:
        """How many a tenant sent in a day."""
        row = self._database.execute("SELECT events FROM sent WHERE day = ? AND tenant = ?", (day, tenant)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
