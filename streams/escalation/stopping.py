"""Stopping an experiment or an arm of it, and letting it go on: a line more in a file, which workers follow."""

from collections.abc import Sequence
from pathlib import Path

import tomlkit

from schemas.experiments import Change
from schemas.whole_files import write_whole
from streams.escalation.experiments import CHANGES_FILE, FOLDER, read_changes

_ABOUT = "Written by `ticketpulse experiment stop` and `resume`, oldest first. Nothing is removed from it."


def record_changes(folder: Path, changes: Sequence[Change]) -> Path:
    """Add what somebody changed to the file below a folder of policies, whole or not at all. Raises FileError where the
    file cannot be read, and OSError where it cannot be written.
    """
    file = folder / FOLDER / CHANGES_FILE
    document = tomlkit.document()
    document.add(tomlkit.comment(_ABOUT))
    tables = tomlkit.aot()
    for change in (*read_changes(file).change, *changes):
        table = tomlkit.table()
        for name, value in change.model_dump().items():
            table.add(name, value)
        tables.append(table)
    document.add("change", tables)
    write_whole(file, tomlkit.dumps(document).encode())
    return file
