"""The table for people and the JSON file for comparisons."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure

_VERDICTS = {True: "[green]met[/green]", False: "[bold red]missed[/bold red]", None: ""}


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(title="ticketpulse bench", title_justify="left")
    for heading, side in (("bench", "left"), ("figure", "left"), ("value", "right"), ("min - max", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for heading in ("bar", "", "note"):
        table.add_column(heading)
    for figure in figures:
        spread = " - ".join(_shown(value) for value in figure.spread) if figure.spread else ""
        table.add_row(
            figure.bench,
            figure.name,
            f"{_shown(figure.value)} {figure.unit}",
            spread,
            figure.bar,
            _VERDICTS[figure.met],
            figure.note,
        )
    console.print(table)


def keep(figures: Sequence[Figure], folder: Path, began: datetime, quick: bool) -> Path:
    """Write the figures with the machine they were measured on; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{began:%Y-%m-%dT%H-%M-%SZ}.json"
    document = {
        "began": began.isoformat(),
        "ended": datetime.now(UTC).isoformat(),
        "quick": quick,
        "machine": machine(),
        "figures": [figure._asdict() for figure in figures],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path


def machine() -> dict[str, Any]:
    """Cores, versions, and how busy the machine was with other things too (load averages of 1, 5 and 15 minutes)."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
