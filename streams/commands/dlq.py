"""`ticketpulse dlq`: the records that could not be processed, and what becomes of them."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.letter_options import (
    IdsArgument,
    OffsetOption,
    PartitionOption,
    ReasonOption,
    SinceOption,
    StageOption,
    TenantOption,
    TopicOption,
    UntilOption,
    id_of,
    wanted_of,
)
from streams.commands.letter_text import described, print_described, print_letter, print_letters, print_summary
from streams.commands.settings import admitted_settings, load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, counted, print_json, say

if TYPE_CHECKING:
    from schemas.deadletters import DeadLetter
    from streams.broker.letters import Found, Letter, Place
    from streams.broker.redrive import Dealt, Sending
    from streams.broker.wanted import Wanted
    from streams.config import Settings

dlq = typer.Typer(no_args_is_help=True, help="Dead letters: records that could not be processed. See, resend, drop.")

# More reasons than these why letters were left nobody reads; they are counted.
_TOLD = 10


class Shown(StrEnum):
    """Which letters are listed, by what was done about them."""

    OPEN = "open"
    REDRIVEN = "redriven"
    DROPPED = "dropped"
    ANY = "any"


LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say which they are, and do nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask, however many they are.")]
NoteOption = Annotated[str, typer.Option(help="Why, for whoever looks at the letter later.")]
AgainOption = Annotated[bool, typer.Option("--again", help="Also those that were redriven or dropped before.")]


@dlq.command("ls")
def ls(
    stage: StageOption = None,
    reason: ReasonOption = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    topic: TopicOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    state: Annotated[Shown, typer.Option(help="Those that nothing was done about, or that were dealt with.")] = (
        Shown.OPEN
    ),
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """List dead letters, the newest last. Each has an ID for the other commands. Times without an offset are UTC.

    ticketpulse dlq ls --reason bad_time --since 2026-11-20 --limit 100

    ticketpulse dlq ls --state any --topic tickets.events.v1 --partition 3 --offset 17-90

    ticketpulse dlq ls -o json | jq -r '.[].message'
    """
    from streams.broker.letter_reader import reading
    from streams.broker.letters import State

    wanted = wanted_of(stage, reason, tenant, since, until, topic, partition, offset)
    states = set(State) if state is Shown.ANY else {State(state.value)}
    brokers = load_settings().kafka
    quiet_clients()

    async def newest() -> "list[Letter]":
        async with reading(brokers) as letters:
            found = await letters.find_newest(wanted, states, limit)
            return [one async for one in letters.read(found, [place.id for place in found.places])]

    listed = sorted(asyncio.run(newest()), key=lambda one: (one.letter.failed_at, one.partition, one.offset))
    if output is Output.JSON:
        print_described(listed)
    else:
        print_letters(listed)


@dlq.command("show")
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dlq ls` prints it, such as 3-17.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one dead letter: where it came from, what is wrong with it, what was done, its headers and untouched bytes.

    ticketpulse dlq show 3-17

    ticketpulse dlq show 3-17 -o json | jq -r .value_base64 | base64 -d
    """
    from streams.broker.letter_reader import reading
    from streams.broker.wanted import Wanted

    place = id_of(letter_id)
    brokers = load_settings().kafka
    quiet_clients()

    async def only() -> "list[Letter]":
        async with reading(brokers) as letters:
            found = await letters.find(Wanted(), ids=[place])
            return [one async for one in letters.read(found, [each.id for each in found.places])]

    one = next(iter(asyncio.run(only())), None)
    if one is None:
        raise _missing([letter_id])
    if output is Output.JSON:
        print_json(described(one))
    else:
        print_letter(one)


@dlq.command("redrive")
def redrive(
    ids: IdsArgument = None,
    stage: StageOption = None,
    reason: ReasonOption = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    topic: TopicOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    limit: LimitOption = None,
    again: AgainOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    note: NoteOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Send the records of dead letters to the topics that they came from, once what they failed at is corrected.

    They keep their bytes, headers, key and partition, and with them the event's identity; the number of attempts goes
    with them. Of events, personal data that is replaced at the door is replaced (docs/privacy.md). Each is sent once:
    its letter is then `redriven`, and one that fails again is a new letter. More than one letter is asked about.

    ticketpulse dlq redrive 3-17

    ticketpulse dlq redrive --reason processing_failed --since 2026-11-20 --dry-run
    """
    from streams.broker import redrive as broker

    wanted = wanted_of(stage, reason, tenant, since, until, topic, partition, offset)
    found, places = _chosen(ids or [], wanted, limit, again=again)
    if _is_agreed(places, "redrive", dry_run=dry_run, yes=yes, output=output):
        settings = admitted_settings("dlq")
        chosen = [one.id for one in places]
        sending = broker.redrive(
            settings.kafka, settings.name, found, chosen, again=again, note=note, sending=_sending(settings)
        )
        _tell(_run(sending), "redriven", output)


@dlq.command("drop")
def drop(
    ids: IdsArgument = None,
    stage: StageOption = None,
    reason: ReasonOption = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    topic: TopicOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    limit: LimitOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    note: NoteOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Mark dead letters as dealt with: their records are not wanted any more. Nothing is deleted.

    More than one letter is asked about.

    ticketpulse dlq drop 3-17 --note 'a trial of the shop'

    ticketpulse dlq drop --reason not_json --until 2026-11-20 --yes
    """
    from streams.broker import redrive as broker

    wanted = wanted_of(stage, reason, tenant, since, until, topic, partition, offset)
    found, places = _chosen(ids or [], wanted, limit, again=False)
    if _is_agreed(places, "drop", dry_run=dry_run, yes=yes, output=output):
        settings = admitted_settings("dlq")
        chosen = [one.id for one in places]
        dropping = broker.drop(settings.kafka, settings.name, found, chosen, note=note)
        _tell(_run(dropping), "dropped", output)


def _chosen(
    told: Sequence[str], wanted: "Wanted", limit: int | None, *, again: bool
) -> "tuple[Found, Sequence[Place]]":
    """The letters that were named, oldest first. Raises Failure for IDs that are none or were dealt with."""
    from streams.broker.letter_reader import reading
    from streams.broker.letters import State, id_text, state_of
    from streams.broker.wanted import Wanted

    ids = [id_of(one) for one in told]
    if ids and wanted != Wanted():
        raise Failure("name letters by their IDs or by options, not by both", USAGE)
    if not ids and wanted == Wanted():
        raise Failure("which letters? Give their IDs, or options such as --reason; --since 1970-01-01 is all", USAGE)
    brokers = load_settings().kafka
    quiet_clients()

    async def find() -> "Found":
        async with reading(brokers) as letters:
            return await letters.find(wanted, ids=ids or None)

    found = asyncio.run(find())
    if missing := set(ids) - {one.id for one in found.places}:
        raise _missing([id_text(one) for one in sorted(missing)])
    states: set[State] = set(State) if again else {State.OPEN}
    places = found.in_state(states)
    if ids and len(places) < len(found.places):
        dealt = [one.id for one in found.places if one not in places]
        said = ", ".join(f"{id_text(one)} ({state_of(found.marks.get(one))})" for one in dealt)
        raise Failure(f"dealt with already: {said}. `dlq redrive --again` sends a record once more")
    return found, places[:limit]


def _is_agreed(places: "Sequence[Place]", verb: str, *, dry_run: bool, yes: bool, output: Output) -> bool:
    """Whether to go on. Prints what is meant where nothing is to be done. Raises Failure when nobody can be asked."""
    from streams.broker.letters import id_text

    if dry_run and output is Output.JSON:
        print_json({"dry_run": True, "letters": [id_text(one.id) for one in places]})
    elif dry_run:
        print_summary(places)
        typer.echo(f"{counted(len(places), 'letter')}; nothing was done")
    if dry_run or yes or len(places) <= 1:
        return not dry_run
    if not sys.stdin.isatty():
        raise Failure(f"{counted(len(places), 'letter')} to {verb}: look at them with --dry-run, then add --yes", USAGE)
    if not typer.confirm(f"{verb} {counted(len(places), 'letter')}?", err=True):
        raise Failure("nothing was done")
    return True


def _sending(settings: "Settings") -> "Sending":
    """What is sent of an event: without the personal data that is replaced at the door."""
    from streams.broker.redrive import CannotBeSent, Sent, as_it_was
    from streams.doors import doorkeeper_of

    keeper = doorkeeper_of(settings)
    if keeper is None:
        return as_it_was
    from streams.gateway.doorkeeper import TooLarge

    def sending(letter: "DeadLetter") -> Sent:
        try:
            done = keeper.replaced(letter.value, letter.headers, letter.key)
        except TooLarge as error:
            raise CannotBeSent(str(error)) from None
        return Sent(done.key, done.value, done.headers)

    return sending


def _run(dealing: "Coroutine[Any, Any, Dealt]") -> "Dealt":
    from streams.broker.redrive import Overtaken

    try:
        return asyncio.run(dealing)
    except Overtaken as error:
        raise Failure(str(error)) from None


def _tell(dealt: "Dealt", verb: str, output: Output) -> None:
    for letter_id, why in list(dealt.left.items())[:_TOLD]:
        say(f"{letter_id} is left: {why}")
    if len(dealt.left) > _TOLD:
        say(f"{len(dealt.left):,} letters are left in all")
    if output is Output.JSON:
        print_json({verb: dealt.done, "left": dealt.left})
    else:
        typer.echo(f"{counted(dealt.done, 'letter')} {verb}")
    if dealt.left:
        raise typer.Exit(1)


def _missing(ids: Sequence[str]) -> Failure:
    are = "there is no dead letter" if len(ids) == 1 else "there are no dead letters"
    return Failure(f"{are} {', '.join(ids)}: `ticketpulse dlq ls --state any` lists those that are kept")
