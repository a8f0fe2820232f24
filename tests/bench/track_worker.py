"""The track stage as a worker runs it, with the default policy."""

from typing import Final

from streams.engine.faust_shell import run_worker
from streams.escalation.book import preset_book
from streams.track import TrackStage
from streams.windows import WindowRules
from tests.bench.our_engine import build
from tests.bench.run import Run

EVENT_IDS: Final = 100

if __name__ == "__main__":
    asked = Run.from_arguments()
    stage = TrackStage(preset_book("support"), EVENT_IDS, WindowRules())
    stage.input = asked.input
    run_worker(build(stage, asked), loglevel="WARNING", override_logging=False)
