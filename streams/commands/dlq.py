"""`ticketpulse dlq`: the records that could not be processed."""

import asyncio
import base64
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, print_json, print_table

if TYPE_CHECKING:
    from schemas.deadletters import DeadLetter
    from streams.broker.letters import Letter

dlq = typer.Typer(no_args_is_help=True, help="Look at dead letters: records that could not be processed.")

_ID = re.compile(r"\A(\d+)-(\d+)\Z")


@dlq.command("ls")
def ls(
    stage: Annotated[str | None, typer.Option(help="Only of this stage: score, track or trends.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only for this reason, such as not_json or bad_time.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """List dead letters, the newest last. Each has an ID for `ticketpulse dlq show`.

    ticketpulse dlq ls --reason bad_time --limit 100

    ticketpulse dlq ls -o json | jq -r '.[].message'
    """
    from streams.broker.letters import newest_letters

    brokers = load_settings().kafka_brokers
    quiet_clients()

    def wanted(letter: "DeadLetter") -> bool:
        return stage in (None, letter.stage) and reason in (None, letter.reason)

    letters = asyncio.run(newest_letters(brokers, limit, wanted if stage or reason else None))
    if output is Output.JSON:
        print_json([_described(letter) for letter in letters])
        return
    rows = [
        (
            one.id,
            f"{one.letter.failed_at:%Y-%m-%d %H:%M:%S}",
            one.letter.stage,
            one.letter.reason,
            _origin(one),
            one.letter.message,
        )
        for one in letters
    ]
    print_table(("ID", "FAILED AT (UTC)", "STAGE", "REASON", "RECORD", "MESSAGE"), rows)


@dlq.command("show")
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dlq ls` prints it, such as 3-17.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one dead letter: where it came from, what is wrong with it, its headers and its untouched bytes.

    ticketpulse dlq show 3-17

    ticketpulse dlq show 3-17 -o json | jq -r .value_base64 | base64 -d
    """
    from streams.broker.letters import read_letter

    match = _ID.match(letter_id)
    if not match:
        raise Failure(f"{letter_id!r} is no ID of a dead letter: `ticketpulse dlq ls` prints them, such as 3-17", USAGE)
    brokers = load_settings().kafka_brokers
    quiet_clients()
    letter = asyncio.run(read_letter(brokers, int(match[1]), int(match[2])))
    if letter is None:
        raise Failure(f"there is no dead letter {letter_id}: `ticketpulse dlq ls` lists those that are kept")
    if output is Output.JSON:
        print_json(_described(letter))
    else:
        _print(letter)


def _print(one: "Letter") -> None:
    letter = one.letter
    said = {
        "id": one.id,
        "failed at": letter.failed_at.isoformat(),
        "stage": letter.stage,
        "record": _origin(one),
        "reason": letter.reason,
        "message": letter.message,
        "attempts": letter.attempts,
        "key": "none" if letter.key is None else letter.key.decode("utf-8", "backslashreplace"),
    }
    said |= {f"header {name}": raw.decode("utf-8", "backslashreplace") for name, raw in letter.headers}
    for name, value in said.items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"value: {'none (a tombstone)' if letter.value is None else f'{len(letter.value):,} bytes'}")
    if letter.value is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\n" + letter.value + b"\n")
        sys.stdout.buffer.flush()


def _origin(one: "Letter") -> str:
    return f"{one.letter.topic} {one.letter.partition}@{one.letter.offset}"


def _described(one: "Letter") -> dict[str, Any]:
    letter = one.letter
    return {
        "id": one.id,
        "failed_at": letter.failed_at,
        "stage": letter.stage,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "message": letter.message,
        "attempts": letter.attempts,
        "key": _text(letter.key),
        "value": _text(letter.value),
        "value_base64": None if letter.value is None else base64.b64encode(letter.value).decode(),
        "headers": [[name, _text(raw)] for name, raw in letter.headers],
    }


def _text(raw: bytes | None) -> str | None:
    """The bytes as text; what is no UTF-8 is shown as \\x escapes."""
    return None if raw is None else raw.decode("utf-8", "backslashreplace")
