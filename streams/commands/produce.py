"""`ticketpulse produce`: events from a file to the log."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import typer

from streams.commands.failure import Failure
from streams.commands.settings import admitted_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, numbered_lines, opened, print_json, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.gateway.writer import EventWriter

_IN_FLIGHT = 1000


def produce(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Ticket events, one JSON object a line; - is stdin.")],
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Send each line as it is, without reading it: to see what becomes of bad ones."),
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Send events to Kafka and wait until it has acknowledged all of them.

    A line that cannot be read is named on stderr and not sent, the others are, and the exit code is 1. Sending a file
    twice is safe: an event id counts once.

        ticketpulse produce tickets.jsonl

        zcat tickets.jsonl.gz | ticketpulse produce -
    """
    settings = admitted_settings("producer")
    quiet_clients()
    with opened(file) as stream:
        lines = _Lines(stream, raw)
        acknowledged = asyncio.run(send(lines, settings))
    if output is Output.JSON:
        print_json({"acknowledged": acknowledged, "rejected": lines.bad})
    else:
        say(f"{counted(acknowledged, 'event')} acknowledged")
    if lines.bad:
        raise Failure(f"{counted(lines.bad, 'line')} could not be read and not sent; the reasons are above")


class Sendable(NamedTuple):
    """A record of the events' topic."""

    key: bytes
    value: bytes


class _Lines:
    """The sendable records of a stream. Those that are not events are named and counted."""

    def __init__(self, stream: BinaryIO, raw: bool) -> None:
        self._stream = stream
        self._raw = raw
        self.bad = 0

    def __iter__(self) -> Iterator[Sendable]:
        from datetime import UTC, datetime

        from schemas.events import read_event, ticket_key
        from schemas.rejections import Rejected
        from schemas.scored import encode_event

        for number, line in numbered_lines(self._stream):
            if self._raw:
                yield Sendable(b"line-%d" % number, line)
                continue
            event = read_event(line, datetime.now(UTC))
            if isinstance(event, Rejected):
                self.bad += 1
                say(f"line {number}: {event}")
            else:
                yield Sendable(ticket_key(event.tenant, event.ticket_id), encode_event(event))


async def send(lines: Iterable[Sendable], settings: "Settings") -> int:
    """Send records to the events' topic; how many were acknowledged. Raises Failure, which says what to do."""
    from streams.doors import event_writer
    from streams.gateway.doorkeeper import TooLarge
    from streams.gateway.writer import NotAcknowledged

    writer, progress = event_writer(settings, ack_seconds=15.0), Progress()
    acknowledged = 0
    await writer.start()
    try:
        records = iter(lines)
        while batch := list(islice(records, _IN_FLIGHT)):
            await _send_batch(writer, batch)
            acknowledged += len(batch)
            progress.show(f"{counted(acknowledged, 'event')} acknowledged")
    except NotAcknowledged as error:
        raise Failure(
            f"stopped after {counted(acknowledged, 'acknowledged event')}: {error}. Send the file again "
            "when Kafka is back; an event id counts once."
        ) from error
    except TooLarge as error:
        raise Failure(f"stopped after {counted(acknowledged, 'acknowledged event')}: one has {error}") from None
    finally:
        progress.clear()
        await writer.stop()
    return acknowledged


async def _send_batch(writer: "EventWriter", batch: list[Sendable]) -> None:
    sends = [asyncio.ensure_future(writer.send(record.key, record.value)) for record in batch]
    try:
        await asyncio.gather(*sends)
    finally:
        for send in sends:
            send.cancel()
        await asyncio.gather(*sends, return_exceptions=True)
