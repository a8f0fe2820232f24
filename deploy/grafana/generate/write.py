"""All dashboards, as the files that Grafana reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.generate.agents import agents
from deploy.grafana.generate.channel import channel
from deploy.grafana.generate.escalations import escalations
from deploy.grafana.generate.overview import overview
from deploy.grafana.generate.pipeline import pipeline
from deploy.grafana.generate.spikes import spikes
from deploy.grafana.generate.tickets import tickets

FOLDER: Final = Path(__file__).parents[1] / "dashboards"
BOARDS: Final[tuple[Callable[[], Dashboard], ...]] = (
    overview,
    channel,
    escalations,
    spikes,
    agents,
    pipeline,
    tickets,
)


def documents() -> dict[str, str]:
    """The text of each file by its name: the dashboard's uid without the prefix that all have."""
    built = [make().build() for make in BOARDS]
    return {
        f"{str(board.uid).removeprefix('ticketpulse-')}.json": JSONEncoder(
            sort_keys=True, indent=2, ensure_ascii=False
        ).encode(board)
        + "\n"
        for board in built
    }
