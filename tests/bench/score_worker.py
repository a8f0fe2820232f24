"""The score stage as a worker runs it, with the default preset."""

from streams.config import Settings
from streams.engine.faust_shell import run_worker
from streams.stages import build_stage
from tests.bench.our_engine import build
from tests.bench.run import Run

if __name__ == "__main__":
    stage = build_stage("score", Settings())
    run_worker(build(stage, Run.from_arguments()), loglevel="WARNING", override_logging=False)
