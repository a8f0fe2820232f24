"""The state of one partition: rows by table and key, under an overlay that is merged only after a commit.

Rows are values: a stage puts a new row, it never changes one in place, so that an overlay can be thrown away. A
`derived` table is not written to the changelog; the stage rebuilds it after a recovery.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")

_encode = msgspec.msgpack.Encoder().encode
# There are one to some twenty merges a second: who writes again within minutes finds the conversation decoded. Where
# more rows than these are used within a turn, it ends early.
TURN_MERGES = 500
_TURN_ROWS = 10_000


class Table(Generic[Row]):
    """A named set of rows of one type. `tag` is one byte in front of every key and must be unique within a stage."""

    def __init__(self, tag: bytes, row: type[Row], *, derived: bool = False) -> None:
        if len(tag) != 1 or tag == b"\0":
            raise ValueError(f"a table's tag is one byte other than zero, not {tag!r}")
        self.tag = tag
        self.derived = derived
        self._decoder = msgspec.msgpack.Decoder(row)

    def decode(self, raw: bytes) -> Row:
        """The row that `raw` holds."""
        return self._decoder.decode(raw)


class State:
    """The committed rows of one partition.

    They are bytes, as the changelog has them. What was used of late is there as objects too, which take several times
    as much memory: so a worker that has run for weeks takes no more than one that has just taken over. A row stays
    decoded for `turn` merges after its last use, for twice as many at most.
    """

    def __init__(
        self, partition: int, partitions: int, rows: dict[bytes, bytes] | None = None, *, turn: int = TURN_MERGES
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        # By table: whoever goes through a small one must not pass all rows of a large one.
        self._rows: dict[bytes, dict[bytes, bytes]] = {}
        for key, row in (rows or {}).items():
            self._rows.setdefault(key[:1], {})[key] = row
        self._derived: dict[bytes, dict[bytes, Any]] = {}
        self._sweeps: dict[bytes, list[bytes]] = {}
        # Decoded rows by full key: those used since the last turn, and those used in the turn before.
        self._recent: dict[bytes, Any] = {}
        self._older: dict[bytes, Any] = {}
        self._turn = turn
        self._merges = 0

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def merge(self, overlay: "Overlay") -> None:
        """Make an overlay's changes permanent: call it only after they are committed."""
        encoded = overlay.logged()
        for table, changes in overlay.changes():
            gone = [key for key, row in changes.items() if row is None]
            if table.derived:
                derived = self._derived.setdefault(table.tag, {})
                derived.update(changes)
            else:
                rows = self._rows.setdefault(table.tag, {})
                rows.update((key, raw) for key in changes if (raw := encoded[key]) is not None)
                self._recent.update(changes)
            for key in gone:
                self._remove(table, key)
        self._merges += 1
        if self._merges >= self._turn or len(self._recent) > _TURN_ROWS:
            self._recent, self._older, self._merges = {}, self._recent, 0

    def _remove(self, table: Table[Any], full_key: bytes) -> None:
        if table.derived:
            del self._derived[table.tag][full_key]
            return
        self._rows[table.tag].pop(full_key, None)
        del self._recent[full_key]
        self._older.pop(full_key, None)

    def fetch(self, table: Table[Row], full_key: bytes) -> Row | None:
        """The committed row."""
        if table.derived:
            return self._derived.get(table.tag, {}).get(full_key)
        row: Row | None = self._recent.get(full_key)
        if row is None and (row := self._older.pop(full_key, None) or self._decoded(table, full_key)) is not None:
            self._recent[full_key] = row
        return row

    def peek(self, table: Table[Row], full_key: bytes) -> Row | None:
        """The committed row, which is not kept decoded, so that to look at all rows takes no memory."""
        if table.derived:
            return self._derived.get(table.tag, {}).get(full_key)
        return self._decoded(table, full_key)

    def _decoded(self, table: Table[Row], full_key: bytes) -> Row | None:
        raw = self._rows.get(table.tag, {}).get(full_key)
        return table.decode(raw) if raw is not None else None

    def keys(self, table: Table[Any]) -> list[bytes]:
        """The full keys of a table's committed rows. No copies of them, only of the list."""
        return list((self._derived if table.derived else self._rows).get(table.tag, {}))

    def scan(self, table: Table[Row]) -> Iterator[tuple[bytes, Row]]:
        """Every committed row of a table, as (full key, row)."""
        if table.derived:
            yield from list(self._derived.get(table.tag, {}).items())
            return
        for key, raw in list(self._rows.get(table.tag, {}).items()):
            yield key, table.decode(raw)

    def next_to_sweep(self, table: Table[Any], limit: int) -> list[bytes]:
        """The full keys of up to `limit` committed rows, going round the table from call to call: expiry costs a
        bounded time.
        """
        rows = self._rows.get(table.tag, {})
        waiting = self._sweeps.get(table.tag)
        if not waiting:
            waiting = self._sweeps[table.tag] = list(rows)
        keys = waiting[: -limit - 1 : -1]
        del waiting[-limit:]
        return [key for key in keys if key in rows]


class Overlay:
    """What a stage sees: the committed rows with this batch's changes on top. Keys are without the table's tag."""

    def __init__(self, state: State, below: "Overlay | None" = None) -> None:
        self._state = state
        self._below = below
        self._changes: dict[bytes, tuple[Table[Any], dict[bytes, Any]]] = {}
        # Rows for the changelog: those that are encoded, and those that changed since.
        self._encoded: dict[bytes, bytes | None] = {}
        self._raw: dict[bytes, Any] = {}

    @property
    def partition(self) -> int:
        """The partition whose state this is."""
        return self._state.partition

    @property
    def partitions(self) -> int:
        """How many partitions the stage's input has."""
        return self._state.partitions

    def nested(self) -> "Overlay":
        """An overlay on top of this one, to try something and keep it (`absorb`) or not."""
        return Overlay(self._state, self)

    def absorb(self, nested: "Overlay") -> None:
        """Take over the changes of a nested overlay."""
        encoded = nested.logged()
        if not self._changes:
            # The usual case: nothing to merge with.
            self._changes, self._encoded, self._raw = nested._changes, nested._encoded, {}
            return
        self.logged()
        self._encoded.update(encoded)
        for table, changes in nested.changes():
            self._of(table).update(changes)

    def peek(self, table: Table[Row], key: bytes) -> Row | None:
        """The row, or None; for whoever goes through all rows, a part of them at a time (`keys`)."""
        full_key = table.tag + key
        for layer in reversed(self._layers()):
            changed = layer._changes.get(table.tag)
            if changed is not None and full_key in changed[1]:
                return changed[1][full_key]  # type: ignore[no-any-return]
        return self._state.peek(table, full_key)

    def keys(self, table: Table[Any]) -> list[bytes]:
        """The keys of every row, and perhaps of some that are deleted, with the table's tag in front."""
        keys = self._state.keys(table)
        for layer in self._layers():
            if table.tag in layer._changes:
                keys.extend(layer._changes[table.tag][1])
        return keys

    def get(self, table: Table[Row], key: bytes) -> Row | None:
        """The row, or None."""
        tag, full_key = table.tag, table.tag + key
        layer: Overlay | None = self
        while layer is not None:
            changed = layer._changes.get(tag)
            if changed is not None and full_key in changed[1]:
                return changed[1][full_key]  # type: ignore[no-any-return]
            layer = layer._below
        return self._state.fetch(table, full_key)

    def put(self, table: Table[Row], key: bytes, row: Row) -> None:
        """Set the row."""
        full_key = table.tag + key
        changed = self._changes.get(table.tag)
        if changed is None:
            self._changes[table.tag] = (table, {full_key: row})
        else:
            changed[1][full_key] = row
        if not table.derived:
            self._raw[full_key] = row

    def delete(self, table: Table[Any], key: bytes) -> None:
        """Remove the row if there is one."""
        self.put(table, key, None)

    def rows(self, table: Table[Row]) -> Iterator[tuple[bytes, Row]]:
        """Every row of a table, as (key, row), in no particular order.

        Linear in the whole state: for derived tables, and for rebuilding them.
        """
        changes: dict[bytes, Any] = {}
        for layer in self._layers():
            if table.tag in layer._changes:
                changes.update(layer._changes[table.tag][1])
        for key, row in self._state.scan(table):
            if key not in changes:
                yield key[1:], row
        for key, row in changes.items():
            if row is not None:
                yield key[1:], row

    def sweep(self, table: Table[Row], limit: int) -> Iterator[tuple[bytes, Row]]:
        """Up to `limit` rows, going round the table from call to call. As they are now: what is committed may be older
        than what this very transaction has done. They are not kept decoded.
        """
        for key in self.sweep_keys(table, limit):
            row = self.peek(table, key)
            if row is not None:
                yield key, row

    def sweep_keys(self, table: Table[Any], limit: int) -> list[bytes]:
        """The keys of up to `limit` rows as they were committed, going round the table from call to call."""
        return [key[1:] for key in self._state.next_to_sweep(table, limit)]

    def changes(self) -> Iterator[tuple[Table[Any], dict[bytes, Any]]]:
        """The changed tables, with full keys; None is a deleted row."""
        yield from self._changes.values()

    def logged(self) -> Mapping[bytes, bytes | None]:
        """The changelog rows of these changes: encoded, None to delete. A row is encoded once, however often this is
        asked."""
        if self._raw:
            self._encoded.update((key, None if row is None else _encode(row)) for key, row in self._raw.items())
            self._raw = {}
        return self._encoded

    def _of(self, table: Table[Any]) -> dict[bytes, Any]:
        changed = self._changes.get(table.tag)
        if changed is None:
            changed = self._changes[table.tag] = (table, {})
        return changed[1]

    def _layers(self) -> list["Overlay"]:
        layers = [self]
        while layers[-1]._below is not None:
            layers.append(layers[-1]._below)
        return layers[::-1]
