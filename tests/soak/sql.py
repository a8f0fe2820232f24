"""Computes the windows of a round by SQL alone, in chDB."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import chdb.session

from tests.soak.oracle import FUTURE_TOLERANCE_MS, Scored
from tests.soak.windows import SIZES, Cell, Figures, read_row

LATE_HORIZON_SECONDS: Final = 172_800
_QUERY = Path(__file__).with_name("windows.sql")
_SETTINGS = "SETTINGS output_format_json_quote_64bit_integers = 0"
_TABLES = (
    "CREATE TABLE scored ENGINE = Memory AS SELECT * FROM "
    "file('scored.jsonl', JSONEachRow, 'partition Int64, offset Int64, appended Int64, event String')",
    "CREATE TABLE escalations ENGINE = Memory AS SELECT * FROM "
    "file('escalations.jsonl', JSONEachRow, 'escalation String')",
)


async def by_sql(scored: Iterable[Scored], escalations: Iterable[bytes], folder: Path) -> dict[Cell, Figures]:
    """Totals and rates of every window, computed from the scored events by chDB.

    In a process of its own: a process can have one chDB only, and whoever runs this may have another.
    """
    await asyncio.to_thread(_write, scored, escalations, folder)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    out, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"the windows of {folder} cannot be computed: exit code {child.returncode}")
    return dict(read_row(json.loads(line)) for line in out.splitlines())


def _write(scored: Iterable[Scored], escalations: Iterable[bytes], folder: Path) -> None:
    with (folder / "scored.jsonl").open("w") as file:
        for record in scored:
            file.write(json.dumps({**record._asdict(), "event": json.dumps(record.event)}) + "\n")
    with (folder / "escalations.jsonl").open("w") as file:
        file.writelines(json.dumps({"escalation": raw.decode()}) + "\n" for raw in escalations)


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
