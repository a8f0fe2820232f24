"""A test build of the worker: it dies, stands still or fails at a named point, and may have one thing wrong in it.

    TICKETPULSE_AT=commit.sent:3:die python -m tests.faults.worker --stage track

TICKETPULSE_MUTANT names what is wrong (tests/faults/mutants.py).

    python -m tests.faults.worker --stage track --lives seek.after:1:die commit.sent:3:die

dies at one point after the other, each time in a new process; this one ends with 0 when the last has died.
"""

import argparse
import ctypes
import os
import signal
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from streams.app import run_worker
from streams.config import Settings
from streams.engine.faust_shell import Parts
from streams.engine.kafka_transactions import TRANSACTION_TIMEOUT_MS
from streams.stages import STAGES
from tests.faults.mutants import AS_IT_IS, MUTANTS
from tests.faults.points import At, Gate

PROGRAM = ("-m", "tests.faults.worker")
_PR_SET_PDEATHSIG = 1


def _parsed(said: object) -> object:
    return At.parse(said) if isinstance(said, str) else said


class FaultySettings(Settings):
    """What the product does not know: where to strike, and what is wrong."""

    at: Annotated[At | None, NoDecode, BeforeValidator(_parsed)] = Field(None, description="POINT:NUMBER:ACTION")
    mutant: str | None = Field(None, description="One of tests/faults/mutants.py.")
    transaction_timeout_ms: int = Field(
        TRANSACTION_TIMEOUT_MS, gt=0, description="After so long the broker aborts a transaction that is left open."
    )

    @field_validator("mutant")
    @classmethod
    def _is_known(cls, mutant: str | None) -> str | None:
        if mutant is not None and mutant not in MUTANTS:
            raise ValueError(f"there is no mutant {mutant!r}; there are {', '.join(MUTANTS)}")
        return mutant


def main() -> None:
    """Run the stage that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.worker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--lives", nargs="+", type=At.parse, default=[], metavar="POINT:NUMBER:die")
    arguments = parser.parse_args()
    settings = FaultySettings()
    for at in arguments.lives:
        _live_and_die(arguments.stage, settings.model_copy(update={"at": at}))
    if not arguments.lives:
        _run(arguments.stage, settings)


def _live_and_die(stage: str, settings: FaultySettings) -> None:
    """In a process of its own, which need not load everything again. Raises SystemExit when it does not die by itself,
    or in that process.
    """
    parent = os.getpid()
    child = os.fork()
    if not child:
        # As `streams.up.processes.tied` does for what is started otherwise.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            _run(stage, settings)
        raise SystemExit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != -signal.SIGKILL:
        raise SystemExit(f"{stage} was to die at {settings.at}, and ended with {code}")


def _run(stage: str, settings: FaultySettings) -> None:
    made = MUTANTS[settings.mutant] if settings.mutant else AS_IT_IS
    gate = Gate(settings.at)
    producer = partial(made.producer, gate, timeout_ms=settings.transaction_timeout_ms)
    parts = Parts(log=partial(made.log, gate, producer), task=partial(made.task, gate))
    run_worker(stage, settings, build=made.build, parts=parts)


if __name__ == "__main__":
    main()
