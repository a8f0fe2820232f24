"""Our engine as a worker runs it: the Faust shell around a stage that decodes and encodes, and nothing else."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import msgspec
from mode import Service

from sinks.prometheus import EVENTS_IN
from streams.engine.faust_shell import StageApp, build_app, run_worker
from streams.engine.kafka_log import KafkaStage
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay, Table
from tests.bench.events import decode, encode
from tests.bench.lap import Stopwatch, tell
from tests.bench.run import Run

SAMPLE_SECONDS = 0.01


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A ticket's row: how many events it has had, and the last of them."""

    events: int
    last_event: str
    last_at: int


TICKETS = Table(b"t", Seen)


class BenchStage:
    """Decodes and encodes every event; with state it also counts the events of each ticket."""

    name = "bench"
    patience = 0.0

    def __init__(self, run: Run) -> None:
        self.input = run.input
        self.outputs: Sequence[str] = (run.output,)
        self._run = run

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing is derived."""
        return iter(())

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """One event out for each event in."""
        output = Output()
        for record in batch.records:
            event = decode(record.value or b"")
            key = self._run.key_of(event)
            if self._run.state:
                before = state.get(TICKETS, key)
                state.put(
                    TICKETS, key, Seen(before.events + 1 if before else 1, event["event_id"], event["occurred_at"])
                )
            output.send(self._run.output, key, encode(event))
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Nothing happens with time."""
        return Output()


def build(stage: Stage, run: Run) -> StageApp:
    """The worker's app, with a service that watches what it commits and tells the lap."""
    layout = KafkaStage(run.brokers, run.name, run.input, run.changelog)
    app = build_app(stage, layout, session_seconds=6.0, clock=_wall_clock, dead_letters=f"{run.output}-dead")

    class Watch(Service):
        """Samples the counter that the engine raises after each commit."""

        @Service.task
        async def _sample(self) -> None:
            watch = Stopwatch(run.warm_up, run.total)
            committed = EVENTS_IN.labels(stage.name)
            while not self.should_stop:
                await asyncio.sleep(SAMPLE_SECONDS)
                if lap := watch.committed(int(committed._value.get())):
                    tell(lap)
                    return

    app.service(Watch)
    return app


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    asked = Run.from_arguments()
    run_worker(build(BenchStage(asked), asked), loglevel="WARNING", override_logging=False)
