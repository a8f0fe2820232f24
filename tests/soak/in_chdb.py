"""The child process of `sql.py`: reads the two files in its folder, prints the windows as JSON lines."""

import os
import sys
from pathlib import Path
from typing import Any, Final

import chdb.session

from tests.soak.oracle import FUTURE_TOLERANCE_MS
from tests.soak.windows import SIZES

LATE_HORIZON_SECONDS: Final = 172_800
_QUERY = Path(__file__).with_name("windows.sql")
_SETTINGS = "SETTINGS output_format_json_quote_64bit_integers = 0"
_TABLES = (
    "CREATE TABLE scored ENGINE = Memory AS SELECT * FROM "
    "file('scored.jsonl', JSONEachRow, 'partition Int64, offset Int64, appended Int64, event String')",
    "CREATE TABLE escalations ENGINE = Memory AS SELECT * FROM "
    "file('escalations.jsonl', JSONEachRow, 'escalation String')",
)


def _load_and_query() -> str:
    session: Any = chdb.session.Session()  # type: ignore[no-untyped-call]
    for statement in _TABLES:
        session.query(statement)
    rules = {
        "sizes": list(SIZES),
        "future_tolerance": FUTURE_TOLERANCE_MS // 1000,
        "late_horizon": LATE_HORIZON_SECONDS,
    }
    rows = str(session.query(_QUERY.read_text() + _SETTINGS, "JSONEachRow", params=rules))
    session.close()
    return rows


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.stdout.write(_load_and_query())
