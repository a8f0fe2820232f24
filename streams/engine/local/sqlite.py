"""A storage in one SQLite file: every call is one SQLite transaction, and survives kill -9.

Write-ahead log with `synchronous=NORMAL`: a commit is in the operating system's hands when the call returns, so the end
of the process at any point loses nothing; the end of the machine may lose the last commits, but always a whole tail of
them. That is what a single Kafka node promises too, which does not wait for the disk either, and a commit takes a tenth
of a millisecond where FULL takes as long as the disk.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

import msgspec

from streams.engine.local.storage import Appends, Bounds, LocalRecord, Owner, Shape, Slot, Write, cut
from streams.engine.log import Fenced, Position, Recovered

_Execute = Callable[..., sqlite3.Cursor]

_OFFSET_BITS = 40
_encode_headers = msgspec.msgpack.Encoder().encode
_decode_headers = msgspec.msgpack.Decoder(tuple[tuple[str, bytes], ...]).decode


class DiskFull(OSError):
    """The disk beneath the log is full: nothing of the transaction is kept. The message says what to do."""


class SqliteStorage:
    """One file, opened by one process and used by one thread; readers of other processes see what is committed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Transactions are begun and ended here and not by sqlite3's own rules.
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(files(__package__).joinpath("schema.sql").read_text())
        rows = self._connection.execute("SELECT topic, partition, slot FROM slots")
        self._slots = {Slot(topic, partition): slot for topic, partition, slot in rows}

    def create(self, topic: str, shape: Shape) -> None:
        with self._transaction() as execute:
            execute("INSERT INTO topics VALUES (?, ?, ?)", (topic, *shape))
            created = {}
            for partition in range(shape.partitions):
                added = execute("INSERT INTO slots (topic, partition) VALUES (?, ?) RETURNING slot", (topic, partition))
                created[Slot(topic, partition)] = added.fetchone()[0]
        self._slots.update(created)

    def reshape(self, topic: str, retention: int | None) -> None:
        self._connection.execute("UPDATE topics SET retention = ? WHERE name = ?", (retention, topic))

    def topics(self) -> dict[str, Shape]:
        rows = self._connection.execute("SELECT name, partitions, retention FROM topics")
        return {name: Shape(partitions, retention) for name, partitions, retention in rows}

    def append(self, appends: Appends, timestamp: int) -> None:
        with self._transaction():
            self._append(appends, timestamp)

    def commit(self, owner: Owner, epoch: int, write: Write, timestamp: int) -> None:
        with self._transaction() as execute:
            number = self._check_epoch(owner, epoch)
            self._append(write.appends, timestamp)
            self._change_rows(number, write.rows)
            if write.position is not None:
                execute(
                    "UPDATE owners SET next = ?, applied = ?, last_offset = ?, last_timestamp = ? WHERE owner = ?",
                    (*write.position, number),
                )

    def raise_epoch(self, owner: Owner) -> int:
        with self._transaction() as execute:
            execute("INSERT INTO owners (stage, partition) VALUES (?, ?) ON CONFLICT DO NOTHING", owner)
            raised = execute(
                "UPDATE owners SET epoch = epoch + 1 WHERE stage = ? AND partition = ? RETURNING epoch", owner
            )
            return int(raised.fetchone()[0])

    def recover(self, owner: Owner) -> Recovered:
        found = self._connection.execute(
            "SELECT owner, next, applied, last_offset, last_timestamp FROM owners WHERE stage = ? AND partition = ?",
            owner,
        ).fetchone()
        if found is None:
            return Recovered({}, None)
        number, *position = found
        rows = dict(self._connection.execute("SELECT key, row FROM state WHERE owner = ?", (number,)))
        return Recovered(rows, None if position[0] is None else Position(*position))

    def bounds(self, slot: Slot) -> Bounds:
        found = self._connection.execute("SELECT earliest, next FROM slots WHERE slot = ?", (self._slots[slot],))
        return Bounds(*found.fetchone())

    def read(self, slot: Slot, offset: int, limit: int, max_bytes: int) -> list[LocalRecord]:
        base = self._slots[slot] << _OFFSET_BITS
        # Closed at once: a reader that is left in the middle would keep the write-ahead log from being folded in.
        with closing(
            self._connection.execute(
                "SELECT id - ?, timestamp, key, value, headers FROM records"
                " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (base, base + offset, base + (1 << _OFFSET_BITS), limit),
            )
        ) as rows:
            return cut(map(_record, rows), limit, max_bytes)

    def expire(self, slot: Slot, before: int, limit: int) -> int:
        number = self._slots[slot]
        base = number << _OFFSET_BITS
        with self._transaction() as execute:
            earliest, end = self.bounds(slot)
            kept = execute(
                "SELECT id - ? FROM records WHERE id >= ? AND id < ? AND timestamp >= ? ORDER BY id LIMIT 1",
                (base, base + earliest, base + min(end, earliest + limit), before),
            ).fetchone()
            first = kept[0] if kept else min(end, earliest + limit)
            execute("DELETE FROM records WHERE id >= ? AND id < ?", (base + earliest, base + first))
            execute("UPDATE slots SET earliest = ? WHERE slot = ?", (first, number))
        return int(first - earliest)

    def group_positions(self, group: str) -> dict[Slot, int]:
        rows = self._connection.execute(
            'SELECT topic, partition, next FROM group_positions WHERE "group" = ?', (group,)
        )
        return {Slot(topic, partition): following for topic, partition, following in rows}

    def commit_group(self, group: str, positions: Mapping[Slot, int]) -> None:
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO group_positions VALUES (?, ?, ?, ?)",
                [(group, *slot, following) for slot, following in positions.items()],
            )

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[_Execute]:
        """The block is kept as a whole, or nothing of it. Raises DiskFull."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection.execute
            self._connection.execute("COMMIT")
        except BaseException as error:
            # A disk that is full has ended it already, mostly.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFull(
                    f"{self._path}: the disk is full, and nothing is kept until there is space: free some, and it "
                    "goes on by itself"
                ) from error
            raise

    def _append(self, appends: Appends, timestamp: int) -> None:
        for slot, entries in appends.items():
            number = self._slots[slot]
            end = self.bounds(slot).end
            first = (number << _OFFSET_BITS) + end
            self._connection.executemany(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
                [
                    (record, timestamp, key, value, _encode_headers(headers) if headers else None)
                    for record, (key, value, headers) in enumerate(entries, first)
                ],
            )
            self._connection.execute("UPDATE slots SET next = ? WHERE slot = ?", (end + len(entries), number))

    def _check_epoch(self, owner: Owner, epoch: int) -> int:
        found = self._connection.execute(
            "SELECT owner, epoch FROM owners WHERE stage = ? AND partition = ?", owner
        ).fetchone()
        if found is None or found[1] != epoch:
            newest = found[1] if found else 0
            raise Fenced(f"{owner.stage}-{owner.partition}: epoch {epoch} is over, {newest} has begun")
        return int(found[0])

    def _change_rows(self, number: int, rows: Mapping[bytes, bytes | None]) -> None:
        put = [(number, key, row) for key, row in rows.items() if row is not None]
        gone = [(number, key) for key, row in rows.items() if row is None]
        self._connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", put)
        self._connection.executemany("DELETE FROM state WHERE owner = ? AND key = ?", gone)


def _record(row: tuple[int, int, bytes | None, bytes | None, bytes | None]) -> LocalRecord:
    offset, timestamp, key, value, headers = row
    return LocalRecord(offset, timestamp, key, value, _decode_headers(headers) if headers else ())
