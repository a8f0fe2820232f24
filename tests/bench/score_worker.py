"""The score stage as a worker runs it, with the default preset."""

from streams.engine.faust_shell import run_worker
from streams.score import ScoreStage
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from tests.bench.our_engine import build
from tests.bench.run import Run

PRESET = "support"

if __name__ == "__main__":
    stage = ScoreStage(scorer_of(PRESET), reader_of(PRESET))
    run_worker(build(stage, Run.from_arguments()), loglevel="WARNING", override_logging=False)
