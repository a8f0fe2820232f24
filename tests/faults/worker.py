"""A test build of the worker: it dies, stands still or fails at a named point, and may have one thing wrong in it.

    TICKETPULSE_AT=commit.sent:3:die python -m tests.faults.worker --stage track

TICKETPULSE_MUTANT names what is wrong (tests/faults/mutants.py).
"""

import argparse
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
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    stage: str = parser.parse_args().stage
    settings = FaultySettings()
    made = MUTANTS[settings.mutant] if settings.mutant else AS_IT_IS
    gate = Gate(settings.at)
    producer = partial(made.producer, gate, timeout_ms=settings.transaction_timeout_ms)
    parts = Parts(log=partial(made.log, gate, producer), task=partial(made.task, gate))
    run_worker(stage, settings, build=made.build, parts=parts)


if __name__ == "__main__":
    main()
