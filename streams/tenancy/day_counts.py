"""How many events and bytes each tenant sent in a day, in one SQLite file that survives a restart.

All gateways of a machine that use one file count together; another machine has another file.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from streams.tenancy.amounts import Amount

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sent (
    day TEXT NOT NULL, tenant TEXT NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, tenant)
) WITHOUT ROWID
"""
# Of a file that was made when bytes were not counted.
_ADD_BYTES: Final = "ALTER TABLE sent ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0"
_ADD: Final = """
INSERT INTO sent (day, tenant, events, bytes) VALUES (?, ?, max(0, ?), max(0, ?)) ON CONFLICT (day, tenant)
DO UPDATE SET events = max(0, events + ?3), bytes = max(0, bytes + ?4)
"""
BUSY_SECONDS: Final = 2.0


class Full(NamedTuple):
    """A tenant whose day has not room for all of it, of what, and for how many it has."""

    tenant: str
    of: Literal["events", "bytes"]
    left: int


class DayCounts:
    """Opens `file`, or counts in memory where there is none. Days before `oldest` are forgotten. For one thread."""

    def __init__(self, file: Path | None, oldest: str = "") -> None:
        """Raises OSError, or sqlite3.Error for a file that is none of these."""
        self._database = opened(file)
        self._database.execute(_SCHEMA)
        self._with_bytes()
        self._database.execute("DELETE FROM sent WHERE day < ?", (oldest,))

    def take(self, day: str, wanted: Mapping[str, Amount], limits: Mapping[str, Amount]) -> Full | None:
        """Count all of it; or none, and tell whose day is full. A limit of 0 is none."""
        # Other processes wait from the first look on, so that two cannot both take what is left.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for tenant, amount in wanted.items():
                if full := _full(tenant, amount, limits[tenant], self.of(day, tenant)):
                    return full
            self._database.executemany(_ADD, [(day, tenant, *amount) for tenant, amount in wanted.items()])
            return None
        finally:
            self._database.execute("COMMIT")

    def give_back(self, day: str, counted: Mapping[str, Amount]) -> None:
        """What was counted and did not get into the log."""
        rows = [(day, tenant, -amount.events, -amount.bytes) for tenant, amount in counted.items()]
        self._database.executemany(_ADD, rows)

    def of(self, day: str, tenant: str) -> Amount:
        """How much a tenant sent in a day."""
        asked = "SELECT events, bytes FROM sent WHERE day = ? AND tenant = ?"
        row = self._database.execute(asked, (day, tenant)).fetchone()
        return Amount(*map(int, row)) if row else Amount()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _with_bytes(self) -> None:
        # Two gateways may start at once.
        self._database.execute("BEGIN IMMEDIATE")
        if "bytes" not in [name for _, name, *_ in self._database.execute("PRAGMA table_info(sent)")]:
            self._database.execute(_ADD_BYTES)
        self._database.execute("COMMIT")


def opened(file: Path | None) -> sqlite3.Connection:
    """The file, for several processes; each statement by itself unless a transaction is begun."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(file or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # A count survives the process; a machine that stops at once may forget the last ones.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    return database


def _full(tenant: str, wanted: Amount, most: Amount, counted: Amount) -> Full | None:
    if most.events and wanted.events > most.events - counted.events:
        return Full(tenant, "events", max(0, most.events - counted.events))
    if most.bytes and wanted.bytes > most.bytes - counted.bytes:
        return Full(tenant, "bytes", max(0, most.bytes - counted.bytes))
    return None
