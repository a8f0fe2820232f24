"""`ticketpulse score`: events in, scored events out, without a broker."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import Failure
from streams.commands.terminal import Output, Progress, counted, numbered_lines, opened, say

if TYPE_CHECKING:
    from schemas.scored import ScoredEvent


def score(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Ticket events, one JSON object a line; - is stdin.")
    ] = "-",
    output: Annotated[Output, typer.Option("--output", "-o", help="JSON lines, or text for people.")] = Output.JSON,
) -> None:
    """Score events without a broker: JSONL in, JSONL out, in the same order.

    Each line out is the event with "sentiment": {"score" 0 to 10, "label", "compound", "polarity", "subjectivity"};
    null when the event has no text. A line that cannot be read is named on stderr, the others are scored, and the exit
    code is 1.

        ticketpulse score tickets.jsonl > scored.jsonl

        echo '{"event_id": "1", "ticket_id": "T-1", "text": "Still broken!"}' | ticketpulse score -o text
    """
    from datetime import UTC, datetime

    from schemas.events import read_event
    from schemas.rejections import Rejected
    from streams.score import score_event
    from streams.scoring import default_scorer

    scorer, progress = default_scorer(), Progress()
    total = bad = 0
    with opened(file) as stream:
        for number, line in numbered_lines(stream):
            now = datetime.now(UTC)
            event = read_event(line, now)
            total += 1
            if isinstance(event, Rejected):
                bad += 1
                say(f"line {number}: {event}")
            else:
                _print(score_event(event, now, scorer), output)
            if total % 1000 == 0:
                progress.show(f"{total:,} lines")
    progress.clear()
    if bad:
        raise Failure(f"{bad:,} of {counted(total, 'line')} could not be read; the reasons are above")


def _print(scored: "ScoredEvent", output: Output) -> None:
    from schemas.scored import encode_event

    if output is Output.JSON:
        typer.echo(encode_event(scored))
        return
    said = (
        "not scored: no text" if scored.sentiment is None else f"{scored.sentiment.score:5.2f} {scored.sentiment.label}"
    )
    typer.echo(f"{scored.ticket_id}  {scored.event_id}  {said}")
