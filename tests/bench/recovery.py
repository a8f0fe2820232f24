"""How fast state comes back after its owner was killed."""

from uuid import uuid4

from rich.console import Console

from streams.topics import Topic
from tests.bench import topics
from tests.bench.changelog_writer import Changelog
from tests.bench.child import Child
from tests.bench.figures import Figure, at_least, known
from tests.bench.takeover import TakeOver

ROWS, QUICK_ROWS = 1_000_000, 200_000
REPETITIONS = 3
WANTED = 200_000


async def measure(brokers: str, rows: int, console: Console) -> list[Figure]:
    """Write the rows, kill the writer with SIGKILL, take over in new processes: the first has the dead one's open
    transaction to end, the others only their predecessor to fence.
    """
    run = uuid4().hex[:8]
    changelog = Changelog(brokers, f"bench-{run}", f"bench-in-{run}", f"bench-rows-{run}", 1, rows)
    await topics.make(
        brokers, Topic(changelog.source, topics.LOG), Topic(changelog.changelog, topics.CHANGELOG), partitions=1
    )
    async with Child("tests.bench.changelog_writer", changelog) as writer:
        await writer.answer(list[int])
    found = [await _take_over(changelog, console) for _ in range(REPETITIONS)]
    return [
        at_least(
            "recovery", f"{rows:,} rows after SIGKILL", [take.rows / take.seconds for take in found], "rows/s", WANTED
        ),
        known("recovery", "take-over", [take.seconds for take in found], "s", "fencing included"),
    ]


async def _take_over(changelog: Changelog, console: Console) -> TakeOver:
    async with Child("tests.bench.takeover", changelog) as child:
        take = await child.answer(TakeOver)
    console.print(f"  {take.rows:,} rows in {take.seconds:.2f} s")
    return take
