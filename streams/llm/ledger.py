"""What was asked of a model in a day, by tenant: counted before it is asked, in one SQLite file.

All processes of a machine that use one file share the budgets; another machine has another file and budgets of its own.
The count survives a restart. What is under way when a process dies stays counted as it was reserved, which is at least
what a request of that size is expected to cost.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT NOT NULL, tenant TEXT NOT NULL, requests INTEGER NOT NULL, tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL, cost_micros INTEGER NOT NULL, PRIMARY KEY (day, tenant)
) WITHOUT ROWID
"""
_ADD: Final = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (day, tenant) DO UPDATE SET
    requests = requests + excluded.requests, tokens_in = tokens_in + excluded.tokens_in,
    tokens_out = tokens_out + excluded.tokens_out, cost_micros = cost_micros + excluded.cost_micros
"""
_BUSY_SECONDS: Final = 5.0


class Spent(NamedTuple):
    """Requests, tokens, and money in millionths of its unit."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0

    def less(self, other: "Spent") -> "Spent":
        """The difference."""
        return Spent(*(one - two for one, two in zip(self, other, strict=True)))


class Budget(NamedTuple):
    """At most so much in a day; None for no bound."""

    requests: int
    tokens: int
    cost_micros: int | None = None

    def bars(self, spent: Spent) -> str:
        """Which bound such a day would exceed; empty for none."""
        if spent.requests > self.requests:
            return "requests"
        if spent.tokens_in + spent.tokens_out > self.tokens:
            return "tokens"
        return "money" if self.cost_micros is not None and spent.cost_micros > self.cost_micros else ""


class Ledger:
    """Opens `file`, or a ledger of this process alone when there is none. May be used from any thread."""

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._turn = threading.Lock()
        self._database = sqlite3.connect(
            file or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # Commits survive the death of the process; only a machine that stops at once may forget the last ones.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_SCHEMA)

    def reserve(self, day: str, tenant: str, wanted: Spent, budget: Budget) -> str:
        """Count `wanted`, and return nothing; or count nothing and return which bound it would exceed."""
        with self._alone():
            spent = self._of(day, tenant)
            bound = budget.bars(Spent(*(one + two for one, two in zip(spent, wanted, strict=True))))
            if not bound:
                self._database.execute(_ADD, (day, tenant, *wanted))
            return bound

    def settle(self, day: str, tenant: str, reserved: Spent, used: Spent) -> None:
        """Put what was used in the place of what was reserved."""
        with self._alone():
            self._database.execute(_ADD, (day, tenant, *used.less(reserved)))

    def of(self, day: str, tenant: str) -> Spent:
        """What a tenant spent in a day."""
        with self._turn:
            return self._of(day, tenant)

    def by_tenant(self, day: str) -> dict[str, Spent]:
        """What all tenants spent in a day that spent anything."""
        with self._turn:
            rows = self._database.execute("SELECT * FROM spent WHERE day = ? ORDER BY tenant", (day,)).fetchall()
        return {row[1]: Spent(*row[2:]) for row in rows}

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._database.close()

    def _of(self, day: str, tenant: str) -> Spent:
        found = "SELECT requests, tokens_in, tokens_out, cost_micros FROM spent WHERE day = ? AND tenant = ?"
        row = self._database.execute(found, (day, tenant)).fetchone()
        return Spent(*row) if row else Spent()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._turn:
            # Other processes wait from the first look on, so that two cannot both take what is left.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
