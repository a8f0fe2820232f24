"""Computes the windows of a round by SQL alone, in chDB."""

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.soak.oracle import Scored
from tests.soak.windows import Cell, Figures, read_row


async def by_sql(scored: Iterable[Scored], escalations: Iterable[bytes], folder: Path) -> dict[Cell, Figures]:
    """Totals and rates of every window, computed from the scored events by chDB.

    In a process of its own: a process can have one chDB only, and whoever runs this may have another.
    """
    await asyncio.to_thread(_write, scored, escalations, folder)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.in_chdb",
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
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
