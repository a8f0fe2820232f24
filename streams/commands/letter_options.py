"""How dead letters are named on the command line: by their IDs, or by what they have in common."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of, time_of

if TYPE_CHECKING:
    from streams.broker.letters import Id
    from streams.broker.wanted import Wanted

StageOption = Annotated[
    str | None, typer.Option(help="Only of this stage: score, track, registry, trends, routing, or clickhouse.")
]
ReasonOption = Annotated[str | None, typer.Option(help="Only for this reason, such as not_json or bad_time.")]
TenantOption = Annotated[str | None, typer.Option(help="Only of this tenant, where the record can be read so far.")]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="Only those that failed then or later.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Only those that failed before then.")]
TopicOption = Annotated[str | None, typer.Option(help="Only records of this topic.")]
PartitionOption = Annotated[int | None, typer.Option(min=0, help="Only of this partition of --topic.")]
OffsetOption = Annotated[
    str | None, typer.Option(metavar="N|N-M", help="Only the record at this offset of --partition, or from N to M.")
]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `dlq ls` prints them: 3-17.")]

_ID = re.compile(r"\A(\d{1,9})-(\d{1,18})\Z")
_OFFSETS = re.compile(r"\A(\d{1,18})(?:-(\d{1,18}))?\Z")


def wanted_of(
    stage: str | None,
    reason: str | None,
    tenant: str | None,
    since: str | None,
    until: str | None,
    topic: str | None,
    partition: int | None,
    offset: str | None,
) -> "Wanted":
    """The filter that the options say. Raises Failure for what no letter can have."""
    from schemas.rejections import Reason
    from streams.broker.wanted import Wanted

    if stage is not None:
        from streams.broker.redrive import SINKS
        from streams.stages import STAGES

        _one_of("--stage", stage, (*STAGES, *SINKS))
    if reason is not None:
        _one_of("--reason", reason, [each.value for each in Reason])
    if partition is not None and topic is None:
        raise Failure(f"--partition {partition}: of which topic? Add --topic, such as tickets.events.v1", USAGE)
    if offset is not None and partition is None:
        raise Failure(f"--offset {offset}: of which partition? Add --topic and --partition", USAGE)
    first, last = _offsets(offset)
    begin, end = time_of("--since", since), time_of("--until", until)
    if begin and end and begin >= end:
        raise Failure(f"--since {since} is not before --until {until}: no time lies between them", USAGE)
    return Wanted(stage, reason, tenant_of(tenant), begin, end, topic, partition, first, last)


def id_of(told: str) -> "Id":
    """Partition and offset on the topic of dead letters. Raises Failure."""
    match = _ID.match(told)
    if not match:
        raise Failure(f"{told!r} is no ID of a dead letter: `ticketpulse dlq ls` prints them, such as 3-17", USAGE)
    return int(match[1]), int(match[2])


def _one_of(option: str, told: str, known: Sequence[str]) -> None:
    if told not in known:
        raise Failure(f"{option} {told}: wanted one of {', '.join(known)}", USAGE)


def _offsets(told: str | None) -> tuple[int | None, int | None]:
    if told is None:
        return None, None
    match = _OFFSETS.match(told)
    if not match or (match[2] and int(match[2]) < int(match[1])):
        raise Failure(f"--offset {told}: wanted an offset such as 17, or the first and the last: 17-90", USAGE)
    return int(match[1]), int(match[2] or match[1])
