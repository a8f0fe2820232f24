"""`ticketpulse worker`: one stage of the pipeline."""

from enum import StrEnum
from typing import Annotated

import typer

from streams.commands.settings import load_settings


class StageName(StrEnum):
    """The stages, in the order of the flow."""

    SCORE = "score"
    TRACK = "track"
    REGISTRY = "registry"
    TRENDS = "trends"
    NOTIFY = "notify"
    ROUTING = "routing"


def worker(
    stage: Annotated[StageName, typer.Option(help="Which stage this process runs.")],
) -> None:
    """Run one stage until SIGTERM or Ctrl-C. Start more processes of a stage to share its partitions.

    ticketpulse worker --stage score

    TICKETPULSE_METRICS_PORT=9101 ticketpulse worker --stage track
    """
    from streams.app import run_worker

    run_worker(stage.value, load_settings())
