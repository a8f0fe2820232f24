"""One run of one contestant: what it reads and writes, and how it is started as a process of its own."""

import sys
from typing import Any, NamedTuple, Self

import msgspec

from tests.bench.child import Child
from tests.bench.lap import Lap


class Run(NamedTuple):
    """`name` is the consumer group or application, new for each run. The lap goes from `warm_up` to `total` events.

    `rekey` sends events to another partition than they came from, as a stage does whose producers used other keys.
    """

    brokers: str
    name: str
    input: str
    output: str
    changelog: str
    partitions: int
    warm_up: int
    total: int
    rekey: bool = False
    state: bool = False

    def key_of(self, event: dict[str, Any]) -> bytes:
        """The key of an event's output."""
        return f"{event['tenant']}/{event['customer_id' if self.rekey else 'ticket_id']}".encode()

    @classmethod
    def from_arguments(cls) -> Self:
        """The run that the parent asked for. Taken off the arguments, which Faust's worker reads too."""
        return msgspec.json.decode(sys.argv.pop(1), type=cls)


async def lap_of(module: str, run: Run) -> Lap:
    """Run `python -m module` until it tells its lap, then end it. Raises RuntimeError with its last words."""
    async with Child(module, run) as child:
        return await child.answer(Lap)
