"""Whether what was read from topics stands in the tables: by each row's key, and no older than it has to be. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from clickhouse_connect.driver.binding import format_query_value as quoted

from sinks.base import Message
from sinks.rows import TABLES, to_block

#: Keys of one question: ClickHouse reads statements of at most 256 KiB.
AT_A_TIME: Final = 500
# Keys that are times, and how the columns of rows have them.
_SECONDS, _MILLISECONDS = "start", "as_of"

Key = tuple[str, ...]


class Wanted(NamedTuple):
    """The row that has to stand: of this version or a higher one. `message` is the record that asks for it."""

    version: int
    message: Message


def rows_of(table: str, messages: Sequence[Message]) -> dict[Key, Wanted]:
    """What has to stand in a table once these records are stored: of those with one key, the row that stays. What can
    become no row is left out.
    """
    block, _ = to_block(table, messages)
    names = TABLES[table].key
    found: dict[Key, Wanted] = {}
    for position, message in enumerate(block.messages):
        key = tuple(str(block.columns[name][position]) for name in names)
        version = int(block.columns["version"][position])
        if key not in found or found[key].version < version:
            found[key] = Wanted(version, message)
    return found


def asked(table: str, keys: Sequence[Key]) -> Iterator[str]:
    """Questions for rows with these keys; each row of an answer is a key, its highest version and how many rows of it
    readers see, all as texts.
    """
    names = TABLES[table].key
    told = ", ".join(map(_as_text, names))
    for start in range(0, len(keys), AT_A_TIME):
        listed = ", ".join(f"({', '.join(map(_literal, names, key))})" for key in keys[start : start + AT_A_TIME])
        found = f"FROM {table} FINAL WHERE ({', '.join(names)}) IN ({listed}) GROUP BY {', '.join(names)}"
        yield f"SELECT {told}, toString(max(version)), toString(count()) {found}"


def missing(wanted: Mapping[Key, Wanted], answered: Iterable[Sequence[str]]) -> list[Message]:
    """The records whose row is not there, or only as it was before them."""
    stands = {tuple(row[:-2]): int(row[-2]) for row in answered}
    return [one.message for key, one in wanted.items() if stands.get(key, -1) < one.version]


def doubled(answered: Iterable[Sequence[str]]) -> int:
    """How many rows too many readers see."""
    return sum(int(row[-1]) - 1 for row in answered)


def _literal(name: str, value: str) -> str:
    # The engine reads numbers, times and UUIDs from texts as well.
    text: str = quoted(f"{int(value) // 1000}.{int(value) % 1000:03}" if name == _MILLISECONDS else value)
    return text


def _as_text(name: str) -> str:
    return {
        _MILLISECONDS: f"toString(toUnixTimestamp64Milli({name}))",
        _SECONDS: f"toString(toUnixTimestamp({name}))",
    }.get(name, f"toString({name})")
