"""`ticketpulse feed`: a live feed of real complaints."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import admitted_settings
from streams.commands.terminal import Progress, counted, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.demo.feed import Feed

_SHOWN_EVERY_SECONDS = 1.0
RateOption = Annotated[float, typer.Option(min=0.01, max=20_000, help="Events a second, on average.")]


def feed(
    rate: RateOption = 20.0,
    events: Annotated[int, typer.Option(min=0, help="Stop after so many events; 0 goes on until Ctrl-C.")] = 0,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them to this file, as if sent from 2026-01-01 on, and send nothing."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="With --to: another number tells other conversations.")] = 1,
) -> None:
    """Send real complaints as live tickets, with follow-ups, replies, status changes and ratings.

    Each run opens new tickets. While Kafka is away it waits and goes on when it is back. With --to the same options
    write the same file: a history to try policies on, or to `produce`.

        ticketpulse feed --rate 50

        ticketpulse feed --rate 1000 --events 100000

        ticketpulse feed --to history.jsonl --events 5000 --rate 0.02
    """
    if to is not None:
        if not events:
            raise Failure("--to needs --events: a file has an end", USAGE)
        _write(to, events, rate, seed)
        return
    from streams.logs import configure_logs

    configure_logs()
    asyncio.run(_feed(admitted_settings("producer"), rate, events))


def _write(file: Path, events: int, rate: float, seed: int) -> None:
    from datetime import UTC, datetime
    from itertools import islice

    from schemas.scored import encode_event
    from streams.demo.feed import conversations, history, load_complaints

    steps = conversations(load_complaints(), seed, run=str(seed))
    with file.open("wb") as stream:
        for event in history(islice(steps, events), rate, datetime(2026, 1, 1, tzinfo=UTC)):
            stream.write(encode_event(event) + b"\n")
    say(f"{counted(events, 'event')} written to {file}")


async def _feed(settings: "Settings", rate: float, events: int) -> None:
    from datetime import UTC, datetime
    from itertools import islice
    from zlib import crc32

    from streams.demo.feed import Feed, conversations, load_complaints
    from streams.doors import event_writer

    writer = event_writer(settings)
    feed = Feed(writer, lambda: datetime.now(UTC))
    run = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    steps = conversations(load_complaints(), crc32(run.encode()), run)
    await writer.start()
    showing = asyncio.create_task(_show(feed))
    try:
        await feed.run(islice(steps, events or None), rate)
    finally:
        showing.cancel()
        await writer.stop()


async def _show(feed: "Feed") -> None:
    progress = Progress()
    while True:
        progress.show(f"{feed.sent:,} events sent{'; Kafka is away, trying again' if feed.away else ''}")
        await asyncio.sleep(_SHOWN_EVERY_SECONDS)
