"""`make bench-peers`: the same job on ticketpulse and on four peers, in turns on one broker; prints a table.

python -m tests.peers                            # all of them, under 15 minutes
python -m tests.peers --events 5000 --seconds 5  # smaller, to see that it works
python -m tests.peers --only ticketpulse,Bytewax
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from streams.up.local_kafka import LocalKafka
from tests.bench.report import machine
from tests.peers import contestants
from tests.peers.contestants import ROOT, Contestant, Place
from tests.peers.laps import Arena, Size, Turn
from tests.peers.table import keep, show
from tests.servers.clickhouse_process import ClickHouseProcess

KAFKA_LIBS = ROOT / ".local" / "kafka" / "libs"
RESULTS = ROOT / ".local" / "bench"

console = Console(stderr=True)


def main() -> int:
    """Run the turns that are asked for. A turn that fails costs itself only; the exit code is 1 then."""
    arguments = _parse()
    wanted: Sequence[Contestant] = arguments.only
    if any(who.python == contestants.PEERS_PYTHON for who in wanted) and (lack := contestants.missing()):
        console.print(lack)
        return 2
    size = Size(arguments.events, arguments.warm_up, arguments.rate, arguments.seconds, arguments.killed_seconds)
    began = datetime.now(UTC)
    console.print(f"{', '.join(who.name for who in wanted)}: {size} on {machine()}")
    turns: list[Turn] = []
    failed = False
    try:
        failed = asyncio.run(_measure(wanted, size, arguments.folder, turns))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped: what ran is ended")
        failed = True
    if turns:
        show(turns, Console(width=170 if not sys.stdout.isatty() else None))
        print(keep(turns, size, arguments.results, began))
    return int(failed)


async def _measure(wanted: Sequence[Contestant], size: Size, folder: Path | None, turns: list[Turn]) -> bool:
    """Append a turn for each; whether one of them failed."""
    failed = False
    with (
        tempfile.TemporaryDirectory(prefix="ticketpulse-peers-", dir=folder) as made,
        _served(Path(made)) as clickhouse,
    ):
        async with LocalKafka(Path(made) / "kafka", KAFKA_LIBS) as kafka:
            arena = Arena(Place(kafka.brokers, clickhouse, Path(made)), size, lambda text: console.print(f"  {text}"))
            for who in wanted:
                console.print(f"{who.name} ({who.guarantee})")
                try:
                    turns.append(await arena.turn(who))
                except RuntimeError as error:
                    console.print(str(error), markup=False)
                    failed = True
    return failed


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[ClickHouseProcess]:
    # SIGTERM ends it as Ctrl-C does: whatever was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    clickhouse.start()
    try:
        yield clickhouse
    finally:
        clickhouse.kill()


def _parse() -> argparse.Namespace:
    default = Size()
    parser = argparse.ArgumentParser(
        prog="python -m tests.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=default.events, help="of the backlog (%(default)s)")
    parser.add_argument("--warm-up", type=int, default=default.warm_up, help="events before it (%(default)s)")
    parser.add_argument("--rate", type=float, default=default.rate, help="events/s, the same for all (%(default)s)")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of each steady rate (%(default)s)")
    parser.add_argument("--killed-seconds", type=float, default=default.killed_seconds, help="(%(default)s)")
    parser.add_argument("--only", type=_named, default=contestants.ALL, metavar="NAMES", help="comma-separated")
    parser.add_argument("--folder", type=Path, help="where data is kept while it runs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept as JSON")
    return parser.parse_args()


def _named(names: str) -> Sequence[Contestant]:
    wanted = [name.strip() for name in names.split(",")]
    if unknown := set(wanted) - {who.name for who in contestants.ALL}:
        known = ", ".join(who.name for who in contestants.ALL)
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {known}")
    return contestants.made(wanted)


if __name__ == "__main__":
    sys.exit(main())
