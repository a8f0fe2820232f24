"""Takes a partition over in a process of its own, as a surviving worker does, and tells how long it took."""

import sys
import time
from typing import NamedTuple

import msgspec
import uvloop

from streams.engine.garbage import collect_garbage_seldom
from streams.engine.state import State
from tests.bench.changelog_writer import Changelog, row


class TakeOver(NamedTuple):
    """Seconds from the first request to the state in memory, fencing and the dead owner's transaction included."""

    rows: int
    seconds: float


async def take_over(changelog: Changelog) -> TakeOver:
    """Raises RuntimeError when a row is missing, wrong or too many."""
    log = changelog.log()
    began = time.perf_counter()
    recovered = await log.take_over()
    state = State(0, changelog.partitions, recovered.rows)
    seconds = time.perf_counter() - began
    await log.release()
    wrong = sum(recovered.rows.get(key) != value for key, value in map(row, range(0, changelog.rows, 997)))
    if len(state) != changelog.rows or wrong:
        raise RuntimeError(f"{len(state):,} rows recovered of {changelog.rows:,}, {wrong} of the sample wrong")
    return TakeOver(len(state), seconds)


if __name__ == "__main__":
    collect_garbage_seldom()
    found = uvloop.run(take_over(msgspec.json.decode(sys.argv[1], type=Changelog)))
    print(msgspec.json.encode(found).decode(), flush=True)
