"""Writes state rows through the engine's own transactions, leaves one open, and waits to be killed."""

import asyncio
import sys
from typing import NamedTuple

import msgspec
import uvloop

from streams.engine.kafka_log import KafkaLog, KafkaStage
from streams.engine.log import Position, Transaction

ROWS_IN_A_TRANSACTION = 2_000
_encode = msgspec.msgpack.Encoder().encode


class Changelog(NamedTuple):
    """What is written and recovered: `rows` live rows in partition 0 of the stage's changelog."""

    brokers: str
    application: str
    source: str
    changelog: str
    partitions: int
    rows: int

    def log(self) -> KafkaLog:
        """The engine's log of the partition. Nothing is read from the input here, so it has no reader."""
        layout = KafkaStage(self.brokers, self.application, self.source, self.changelog)
        return KafkaLog(layout, 0, self.partitions, NoReader())


class NoReader:
    """Keeps `streams.engine.kafka_log.Reader` for a log whose input nobody reads."""

    async def seek(self, partition: int, offset: int, token: int) -> int:
        """Nowhere."""
        return offset

    def delivered(self, partition: int) -> int:
        """Nothing."""
        return 0

    def end(self, partition: int) -> int | None:
        """Unknown."""
        return None

    def recovering(self, partition: int, position: int) -> None:
        """Nobody watches."""

    def progress(self, partition: int, position: int) -> None:
        """Nobody watches."""

    def wake(self) -> None:
        """Nobody sleeps."""


def row(number: int) -> tuple[bytes, bytes]:
    """A conversation's row as track keeps it: about 100 bytes."""
    value = (
        f"customer-{number % 50_000:05d}",
        "open",
        "email",
        number % 97 / 9.7,
        number,
        number + 60_000,
        [3.5, 4.25],
    )
    return f"cdefault/T-{number:07d}".encode(), _encode((*value, f"event-{number:012d}"))


async def write(changelog: Changelog) -> None:
    """Commit all rows, then begin a transaction that never ends."""
    log = changelog.log()
    await log.take_over()
    for first in range(0, changelog.rows, ROWS_IN_A_TRANSACTION):
        numbers = range(first, min(first + ROWS_IN_A_TRANSACTION, changelog.rows))
        rows = dict(row(number) for number in numbers)
        # The input of this bench is empty: no record is named, so none is looked for.
        await log.commit(Transaction([], rows, Position(0, numbers[-1])))
    # A worker that is killed is killed within a transaction: its successor has to end that first.
    producer = log._owned()._producer
    await producer.begin_transaction()
    await producer.send_and_wait(changelog.changelog, b"never committed", b"xnever", partition=0)
    print("[]", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(write(msgspec.json.decode(sys.argv[1], type=Changelog)))
