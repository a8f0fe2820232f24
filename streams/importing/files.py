"""Files of tickets as rows: CSV, JSON lines and Parquet, one row after the other and never the whole file."""

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from pyarrow import RecordBatch

MAX_COLUMNS: Final = 2_000
MAX_FIELD_CHARS: Final = 16 * 1024 * 1024
SAMPLE_ROWS: Final = 200
_DELIMITERS: Final = ",;\t|"
_LOOKED_AT: Final = 1 << 20
_PARQUET: Final = b"PAR1"
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MAX_DEPTH: Final = 4


class BadFile(Exception):
    """What is wrong with the file as a whole, and what to do."""


class Row(NamedTuple):
    """Line (of CSV and JSON) or place (of Parquet), from 1. `values` leaves out what is empty; `wrong` says why it can
    be no row.
    """

    line: int
    values: Mapping[str, Any]
    wrong: str | None = None


class Table(NamedTuple):
    """A file: its columns, how it was read in words for people, and whether it has columns in the order of a line."""

    path: Path
    columns: Sequence[str]
    how: str
    kind: str
    encoding: str = "utf-8"
    delimiter: str = ","

    def rows(self) -> Iterator[Row]:
        """All rows, from the begin. Raises BadFile for what makes the rest unreadable, and OSError."""
        if self.kind == "parquet":
            return _parquet_rows(self.path)
        return _json_rows(self) if self.kind == "jsonl" else _csv_rows(self)

    def sample(self) -> list[Row]:
        """The first rows."""
        return list(islice(self.rows(), SAMPLE_ROWS))


def open_table(path: Path, delimiter: str | None = None) -> Table:
    """Look at a file. Raises BadFile, and OSError for one that cannot be read."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if not head.strip():
        raise BadFile(f"{path}: the file is empty")
    if head.startswith(_PARQUET):
        return _parquet(path)
    encoding = _encoding(path, head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if "\0" in text:
        raise BadFile(f"{path}: this is no text; wanted are CSV, JSON lines (.jsonl) or Parquet")
    said = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Latin-1 (it is no UTF-8)"}.get(encoding, encoding)
    if path.suffix in {".jsonl", ".ndjson"} or text.lstrip()[:1] == "{":
        table = Table(path, (), f"JSON lines, {said}", "jsonl", encoding)
        columns: dict[str, None] = {}
        for row in table.sample():
            columns |= dict.fromkeys(row.values)
        if not columns:
            raise BadFile(f"{path}: none of its first lines is a JSON object")
        return table._replace(columns=_few(path, list(columns)))
    if text.lstrip()[:1] == "[":
        raise BadFile(f"{path}: one JSON list; wanted are JSON lines: `jq -c '.[]' {path.name} > tickets.jsonl`")
    delimiter = delimiter or _delimiter(text)
    table = Table(path, (), "", "csv", encoding, delimiter)
    columns_of = _few(path, _header(table))
    shown = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(delimiter, repr(delimiter))
    return table._replace(columns=columns_of, how=f"CSV, {said}, separated by {shown}")


def _few(path: Path, columns: Sequence[str]) -> Sequence[str]:
    if len(columns) > MAX_COLUMNS:
        raise BadFile(f"{path}: {len(columns):,} columns; at most {MAX_COLUMNS:,} are read. Is the delimiter right?")
    return columns


def _encoding(path: Path, head: bytes) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_LOOKED_AT):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# -- CSV


@contextmanager
def _long_fields() -> Iterator[None]:
    """The limit is of the process: whoever else reads CSV has theirs again afterwards."""
    before = csv.field_size_limit(MAX_FIELD_CHARS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(text: str) -> str:
    """The one by which the first rows have most columns, all the same number of them."""

    def columns(delimiter: str) -> int:
        lines = text.splitlines(keepends=True)[:200]
        rows = [row for row in islice(csv.reader(lines, delimiter=delimiter), 21) if row]
        # Of what was looked at the last one may be cut off.
        rows = rows[:-1] or rows
        same = sum(len(row) == len(rows[0]) for row in rows) if rows else 0
        return len(rows[0]) if rows and same * 2 >= len(rows) else 0

    with _long_fields(), suppress(csv.Error):
        return max(_DELIMITERS, key=columns)
    return ","


def _header(table: Table) -> list[str]:
    with _long_fields(), table.path.open(encoding=table.encoding, errors="replace", newline="") as stream:
        try:
            first = next(csv.reader(stream, delimiter=table.delimiter), [])
        except csv.Error as error:
            raise BadFile(f"{table.path}:1: {error}") from None
    if not any(name.strip() for name in first):
        raise BadFile(f"{table.path}:1: the first line names the columns, and it is empty")
    return _told_apart(first)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Exports repeat a column for each comment: the second `Comment` is `Comment (2)`."""
    seen: dict[str, int] = {}
    found = []
    for place, raw in enumerate(names, 1):
        name = " ".join(raw.split()) or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _csv_rows(table: Table) -> Iterator[Row]:
    with _long_fields(), table.path.open(encoding=table.encoding, errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter=table.delimiter)
        next(reader, None)
        begins = reader.line_num + 1
        try:
            for fields in reader:
                if fields:
                    yield _csv_row(begins, fields, table.columns)
                begins = reader.line_num + 1
        except csv.Error as error:
            raise BadFile(
                f"{table.path}:{begins}: {error}. What stands behind it cannot be read; a field that is not closed "
                "by a quotation mark is often why"
            ) from None


def _csv_row(line: int, fields: Sequence[str], columns: Sequence[str]) -> Row:
    values = {name: value for name, value in zip(columns, fields, strict=False) if value.strip()}
    if len(fields) > len(columns) and any(field.strip() for field in fields[len(columns) :]):
        return Row(line, values, f"{len(fields)} fields where the first line names {len(columns)} columns")
    return Row(line, values)


# -- JSON


def _json_rows(table: Table) -> Iterator[Row]:
    with table.path.open(encoding=table.encoding, errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
                _check_text(line, found)
            except UnicodeEncodeError:
                yield Row(
                    number, {}, "a text has half of a surrogate pair (\\ud800 to \\udfff), which UTF-8 cannot hold"
                )
                continue
            except (ValueError, RecursionError) as error:
                yield Row(number, {}, f"not JSON: {error}")
                continue
            if isinstance(found, dict):
                yield Row(number, _flat(found))
            else:
                yield Row(number, {}, "not a JSON object")


def _check_text(line: str, found: object) -> None:
    """Raises UnicodeEncodeError for what only an escape can hold."""
    if "\\ud" in line.lower():
        json.dumps(found, ensure_ascii=False).encode()


def _flat(found: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Objects in objects as names with dots: {"via": {"channel": "web"}} is via.channel. Lists stay."""
    values: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            values |= _flat(value, f"{before}{name}.", depth + 1)
        elif isinstance(value, bytes):
            # Older writers of Parquet do not say that it is text.
            values |= _flat({name: value.decode("utf-8", "replace")}, before, depth)
        elif value not in (None, "", [], {}) and value == value:  # noqa: PLR0124 - NaN, which tables have for nothing
            values[before + name] = value
    return values


# -- Parquet


def _parquet(path: Path) -> Table:
    from pyarrow import ArrowException  # noqa: PLC0415 - half a second that the other kinds need not wait
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    try:
        with ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            count = file.metadata.num_rows
    except (ArrowException, OSError) as error:
        raise BadFile(f"{path}: it begins as Parquet and cannot be read: {error}") from None
    if not count:
        raise BadFile(f"{path}: the file has no rows")
    return Table(path, _few(path, names), "Parquet", "parquet")


def _parquet_rows(path: Path) -> Iterator[Row]:
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=2_000):
                for found, wrong in _of_batch(batch):
                    number += 1
                    yield Row(number, _flat(found), wrong)
    except (ArrowException, OSError) as error:
        raise BadFile(f"{path}: row {number + 1} and what follows cannot be read: {error}") from None


def _of_batch(batch: "RecordBatch") -> list[tuple[Mapping[str, Any], str | None]]:
    """The rows; one with a time that is in no calendar, or a text that is no UTF-8, is wrong by itself."""
    try:
        return [(found, None) for found in batch.to_pylist()]
    except (ValueError, OverflowError, LookupError) as error:
        if len(batch) == 1:
            return [({}, f"cannot be read: {error}")]
    return [row for place in range(len(batch)) for row in _of_batch(batch.slice(place, 1))]
