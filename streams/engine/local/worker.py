"""One stage over the local log, in this process: the counterpart of a Faust worker, for all partitions of the input."""

from collections.abc import Callable

from streams.engine.local.log import LocalLog
from streams.engine.local.partition import LocalPartitionLog, LocalReader
from streams.engine.partition import Clock, PartitionTask, Runner, Watch
from streams.engine.runtime import Runtime
from streams.engine.stage import Output, Stage
from streams.engine.turns import Turns


async def run_inline(function: Callable[[], Output]) -> Output:
    """Run a stage function here and now."""
    return function()


class LocalWorker:
    """A partition task for each partition of a stage's input. It owns all of them from `start` to `stop`."""

    def __init__(
        self, log: LocalLog, stage: Stage, *, clock: Clock, watch: Watch, dead_letters: str, run: Runner = run_inline
    ) -> None:
        self._stage = stage
        self._log = log
        self._clock = clock
        self._watch = watch
        self._dead_letters = dead_letters
        self._run = run
        self._reader = LocalReader(log, stage.input)
        self._turns = Turns()
        self._runtime = Runtime(self._start_task)

    async def start(self) -> None:
        """Take every partition over and begin to work."""
        self._reader.start(self._runtime)
        await self._runtime.assigned(range(self._log.partitions(self._stage.input)))

    async def failure(self) -> None:
        """Wait until a partition cannot go on, and raise why."""
        await self._runtime.failed

    async def stop(self) -> None:
        """Let running transactions end, then stop."""
        await self._runtime.close()
        self._reader.stop()

    def _start_task(self, partition: int) -> PartitionTask:
        partition_log = LocalPartitionLog(self._log, self._stage.name, self._reader, partition)
        return PartitionTask(
            self._stage,
            partition_log,
            run=self._run,
            clock=self._clock,
            watch=self._watch,
            turns=self._turns,
            dead_letters=self._dead_letters,
        )
