"""How soon customers are answered on a made-up desk, by skills and load against other ways; see docs/routing.md."""

import time
from datetime import UTC, datetime
from pathlib import Path

from streams.routing.comparing import compare
from streams.routing.roster import read_roster
from streams.routing.simulating import World
from tests.evaluations.row import Row

_DESK = Path(__file__).parent.parent / "routing" / "desk.toml"
_WORLD = World(
    begin=datetime(2026, 11, 23, tzinfo=UTC),
    tickets_a_day=250,
    categories={"billing": 2.0, "technical": 2.0, "general": 1.0},
    languages={"en": 4.0, "de": 1.0},
)


def rows() -> list[Row]:
    """Thirty runs of five days."""
    begun = time.process_time()
    found = compare(read_roster(_DESK), _WORLD, 30, 900)
    took = f"{time.process_time() - begun:.0f} s for all ways"
    return [
        Row(
            f"routing: {each.way}",
            "made: 250 tickets a day, 8 agents",
            "30 runs, the same for every way",
            {
                "mean min": f"{each.figures['mean'].value / 60:.1f} ± {each.figures['mean'].half / 60:.1f}",
                "p90 min": f"{each.figures['p90'].value / 60:.1f} ± {each.figures['p90'].half / 60:.1f}",
                "left": f"{each.figures['left'].value:.1%}",
            },
            took,
        )
        for each in found
    ]
