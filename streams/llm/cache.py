"""Answers that were given before, by what was asked: bounded, and forgotten after a while."""

import hashlib
import sqlite3
import threading
from pathlib import Path
from typing import Final

import msgspec

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, answer TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (at);
"""


def key_of(tenant: str, model: str, fingerprint: str, data: str) -> str:
    """Of a model (endpoint and name), the instructions, and a text without personal data. Tenants share nothing."""
    return hashlib.sha256(msgspec.json.encode((tenant, model, fingerprint, data))).hexdigest()


class Cache:
    """Keeps `most` answers for `seconds`, in `file` or in memory. `now` is Unix time. May be used from any thread."""

    def __init__(self, file: Path | None, most: int, seconds: float) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._most = most
        self._seconds = seconds
        self._turn = threading.Lock()
        self._database = sqlite3.connect(file or ":memory:", timeout=5.0, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def get(self, key: str, now: float) -> tuple[str, str] | None:
        """The model and the answer, if it is known and not too old."""
        with self._turn:
            row = self._database.execute(
                "SELECT model, answer FROM answers WHERE key = ? AND at > ?", (key, now - self._seconds)
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def put(self, key: str, model: str, answer: str, now: float) -> None:
        """Keep an answer; what is too old, and the oldest of too many, goes."""
        with self._turn:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", (key, model, answer, now))
            self._database.execute("DELETE FROM answers WHERE at <= ?", (now - self._seconds,))
            self._database.execute(
                "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY at DESC, key LIMIT -1 OFFSET ?)",
                (self._most,),
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._database.close()
