"""A worker of `score` that stands still at a record that asks for it, once: its next life finds the file.

    python -m tests.integration.stalling_worker FILE [SECONDS]

`stall: blocked` holds the event loop, `stall: interpreter` the interpreter itself, `stall: hung` a partition's task
alone. With SECONDS it stops for so long behind each part of a changelog that it reads.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from aiokafka import TopicPartition

from streams.app import run_worker
from streams.config import Settings
from streams.engine.faust_shell import Parts
from streams.engine.kafka_log import KafkaLog
from streams.engine.kafka_transactions import Entry, TransactionalProducer
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay
from streams.escalation.book import PolicyBook, preset_book
from streams.score import ScoreStage
from streams.stages import load_preset

ONCE = Path(sys.argv[1])
BEHIND_EACH_PART = float(sys.argv[2]) if sys.argv[2:] else 0.0
ENDLESS = 1e6


def stands_still(value: bytes | None, how: bytes) -> bool:
    """Whether the record asks for it, and none did before."""
    if ONCE.exists() or b"stall: " + how not in (value or b""):
        return False
    ONCE.touch()
    return True


class StallingStage(ScoreStage):
    """Scores, until it is asked to stand still."""

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        for record in batch.records:
            if stands_still(record.value, b"blocked"):
                time.sleep(ENDLESS)
            if stands_still(record.value, b"interpreter"):
                # Exponential in the length of the text, and the interpreter is held all the time.
                re.match(r"(a+)+$", "a" * 64 + "b")
        return super().process(batch, state, now)


class HangingProducer(TransactionalProducer):
    """Commits, until it is asked to hang: the answer of the broker never comes."""

    async def commit(self, batches: Mapping[TopicPartition, Iterable[Entry]]) -> None:
        listed = {target: list(entries) for target, entries in batches.items()}
        if any(stands_still(value, b"hung") for entries in listed.values() for _, value, _ in entries):
            await asyncio.sleep(ENDLESS)
        await super().commit(listed)


class SlowLog(KafkaLog):
    """Takes over as slowly as if the state were large, on any machine."""

    def _recovering(self, position: int) -> None:
        super()._recovering(position)
        time.sleep(BEHIND_EACH_PART)


def build_stalling(name: str, settings: Settings, book: PolicyBook | None) -> Stage:
    """The stage as it is built otherwise, which stands still when it is asked to."""
    return StallingStage(book or preset_book(settings.preset), load_preset)


if __name__ == "__main__":
    run_worker(
        "score",
        Settings(),
        build=build_stalling,
        parts=Parts(log=partial(SlowLog, make_producer=HangingProducer)),
    )
