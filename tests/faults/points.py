"""The named points at which a real worker can be made to die, to stand still or to fail, and what carries them."""

import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest

from sinks.kafka_cluster import Brokers
from streams.engine.kafka_log import KafkaLog, KafkaStage, Reader
from streams.engine.kafka_transactions import Entry, TransactionalProducer
from streams.engine.log import Chunk, Recovered, Transaction
from streams.engine.partition import PartitionTask, Runner
from streams.engine.stage import Output
from tests.simulation import faults as simulated

log = logging.getLogger(__name__)

# The steps that only a transaction of Kafka has, in their order. At `before-end` the client has decided to commit and
# the broker does not know; at a `written` point the broker has done it and nobody has looked at its answer.
OF_KAFKA: Final = (
    "take-over.fenced",
    "take-over.reading",
    "commit.begun",
    "commit.outputs",
    "commit.sent",
    "commit.before-end",
)
POINTS: Final = (*simulated.POINTS, *OF_KAFKA)
# Not a place where a worker is, but what reaches it: a chunk of records.
CHUNK: Final = "chunk"


class Action(StrEnum):
    """What happens at a point: SIGKILL, SIGSTOP, an error as of a broken connection, or that a chunk is lost."""

    DIE = "die"
    STOP = "stop"
    FAIL = "fail"
    LOSE = "lose"


class At(NamedTuple):
    """What the process does when it gets to the point for the nth time, counted over all of its partitions."""

    point: str
    nth: int
    action: Action

    @classmethod
    def parse(cls, said: str) -> "At":
        """As in `commit.sent:3:die`. Raises ValueError."""
        point, _, rest = said.partition(":")
        nth, _, action = rest.partition(":")
        if point not in (*POINTS, CHUNK):
            raise ValueError(f"there is no point {point!r}; there are {', '.join((*POINTS, CHUNK))}")
        if not nth.isdecimal() or int(nth) < 1 or action not in list(Action):
            raise ValueError(f"{said!r} is not POINT:NUMBER:ACTION with an action of {', '.join(Action)}")
        if (point == CHUNK) != (action == Action.LOSE):
            raise ValueError(f"{said!r}: a chunk can only be lost, and nothing else can")
        return cls(point, int(nth), Action(action))

    def __str__(self) -> str:
        return f"{self.point}:{self.nth}:{self.action}"


class Gate:
    """Counts how often the points are passed, and strikes once."""

    def __init__(self, at: At | None) -> None:
        self._at = at
        self._passed = 0

    def passes(self, point: str) -> bool:
        """The process is at the point. Says whether what reaches it there is lost; raises ConnectionError when it is
        to fail.
        """
        if self._at is None or point != self._at.point:
            return False
        self._passed += 1
        if self._passed != self._at.nth:
            return False
        log.warning("is at %s", self._at)
        match self._at.action:
            case Action.DIE:
                os.kill(os.getpid(), signal.SIGKILL)
            case Action.STOP:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Action.FAIL:
                raise ConnectionError(f"asked for at {self._at}")
            case Action.LOSE:
                return True
        return False


class PassingProducer(TransactionalProducer):
    """The product's producer, with points between its steps."""

    def __init__(self, gate: Gate, brokers: Brokers, transactional_id: str, timeout_ms: int) -> None:
        super().__init__(brokers, transactional_id, timeout_ms)
        self._gate = gate
        client = self._producer.client
        self._ask: Callable[..., Awaitable[Any]] = client.send
        # What aiokafka asks the broker for when is known nowhere else.
        client.send = self._asking

    async def _asking(self, node: int, request: Any, **how: Any) -> Any:
        ends = isinstance(request, EndTxnRequest)
        if ends:
            self._gate.passes("commit.before-end")
        answer = await self._ask(node, request, **how)
        if ends and answer.error_code == 0:
            self._gate.passes("commit.written")
        elif isinstance(request, InitProducerIdRequest) and answer.error_code == 0:
            self._gate.passes("take-over.written")
        return answer

    async def start(self) -> None:
        await super().start()
        self._gate.passes("take-over.fenced")

    async def _write(self, batches: Mapping[TopicPartition, Iterable[Entry]]) -> None:
        self._gate.passes("commit.begun")
        # In the product's order: the rows and the position come last. A broker may get to them later than to the rest.
        *outputs, rows = batches.items()
        await super()._write(dict(outputs))
        self._gate.passes("commit.outputs")
        await super()._write(dict([rows]))
        self._gate.passes("commit.sent")

    async def close(self) -> None:
        self._gate.passes("release.before")
        await super().close()


class PassingLog(KafkaLog):
    """The product's log, with points before and after what it is asked for."""

    def __init__(
        self,
        gate: Gate,
        make_producer: Callable[[Brokers, str], TransactionalProducer],
        stage: KafkaStage,
        partition: int,
        partitions: int,
        reader: Reader,
    ) -> None:
        super().__init__(stage, partition, partitions, reader, make_producer)
        self._gate = gate

    async def take_over(self) -> Recovered:
        self._gate.passes("take-over.before")
        recovered = await super().take_over()
        self._gate.passes("take-over.after")
        return recovered

    def _recovering(self, position: int) -> None:
        super()._recovering(position)
        self._gate.passes("take-over.reading")

    async def seek(self, offset: int, token: int) -> int:
        self._gate.passes("seek.before")
        found = await super().seek(offset, token)
        self._gate.passes("seek.after")
        return found

    async def commit(self, transaction: Transaction) -> None:
        self._gate.passes("commit.before")
        await super().commit(transaction)
        self._gate.passes("commit.after")

    def progress(self, position: int) -> None:
        super().progress(position)
        self._gate.passes("progress.told")


class PassingTask(PartitionTask):
    """The product's task, with points before and after the stage, and chunks that may be lost."""

    def __init__(self, gate: Gate, *given: Any, run: Runner, **named: Any) -> None:
        async def passing(function: Callable[[], Output]) -> Output:
            gate.passes("stage.before")
            made = await run(function)
            gate.passes("stage.after")
            return made

        super().__init__(*given, run=passing, **named)
        self._gate = gate

    def deliver(self, chunk: Chunk) -> None:
        if not (chunk.records and self._gate.passes(CHUNK)):
            super().deliver(chunk)
