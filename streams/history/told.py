"""Which tickets needed a person, as somebody wrote it down: CSV, or JSON lines."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from schemas.events import Id, Tenant, ticket_key
from streams.backtest.tickets import OUTCOME, truth
from streams.history.span import BadHistory

DEFAULT_TENANT: Final = "default"
_WANTED: Final = "tenant (optional), ticket_id and outcome"


class _Row(msgspec.Struct):
    ticket_id: Id
    tenant: Tenant = DEFAULT_TENANT


def read_outcomes(path: Path) -> dict[bytes, bool]:
    """Outcomes by ticket key. JSON lines if the name ends with .jsonl or .ndjson, else CSV whose first line names the
    columns. Raises BadHistory, which says what is wrong in which line, and OSError.
    """
    rows = _of_json(path) if path.suffix in {".jsonl", ".ndjson"} else _of_columns(path)
    outcomes: dict[bytes, bool] = {}
    try:
        for line, row in rows:
            key, needed = _read(row, f"{path}:{line}")
            if outcomes.setdefault(key, needed) != needed:
                raise BadHistory(f"{path}:{line}: ticket {row['ticket_id']!r} has the other outcome in a line above")
    except UnicodeDecodeError as error:
        raise BadHistory(f"{path}: not UTF-8: {error}") from error
    if not outcomes:
        raise BadHistory(f"{path}: no outcomes; each row has {_WANTED}")
    return outcomes


def _read(row: Mapping[str, object], where: str) -> tuple[bytes, bool]:
    for name in ("ticket_id", OUTCOME):
        if row.get(name) in (None, ""):
            raise BadHistory(f"{where}: no {name}; each row has {_WANTED}")
    needed = truth(row[OUTCOME])
    if needed is None:
        raise BadHistory(f"{where}: outcome {row[OUTCOME]!r} is neither true nor false")
    fields = {name: value for name in ("ticket_id", "tenant") if (value := row.get(name)) not in (None, "")}
    try:
        read = msgspec.convert(fields, _Row)
    except msgspec.ValidationError as error:
        raise BadHistory(f"{where}: {error}") from None
    return ticket_key(read.tenant, read.ticket_id), needed


def _of_json(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadHistory(f"{path}:{number}: not JSON: {error}") from None
            if not isinstance(row, dict):
                raise BadHistory(f"{path}:{number}: not a JSON object; each row has {_WANTED}")
            yield number, row


def _of_columns(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            missing = {"ticket_id", OUTCOME} - set(reader.fieldnames or ())
            if missing:
                raise BadHistory(f"{path}:1: no column {' and no column '.join(sorted(missing))}; wanted: {_WANTED}")
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise BadHistory(f"{path}:{reader.line_num}: {error}") from None
