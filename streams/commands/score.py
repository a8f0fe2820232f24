"""`ticketpulse score`: events in, scored events out, without a broker."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import Failure
from streams.commands.model_option import ModelOption, model_of
from streams.commands.terminal import Output, Progress, counted, numbered_lines, opened, say
from streams.scoring import PRESETS

if TYPE_CHECKING:
    from schemas.scored import ScoredEvent


def score(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Ticket events, one JSON object a line; - is stdin.")
    ] = "-",
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{', '.join(PRESETS)}. Default: TICKETPULSE_PRESET, else support."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print why each text scored as it did, and what else was read from it.")
    ] = False,
    model: ModelOption = None,
    output: Annotated[
        Output | None, typer.Option("--output", "-o", help="JSON lines (default), or text for people.")
    ] = None,
) -> None:
    """Score events without a broker: JSONL in, JSONL out, in the same order.

    Each line out is the event with "sentiment": {"score" 0 to 10, "label", "compound", "polarity", "subjectivity"},
    "reasons" that moved the score, and "reading": emotions, urgency, category, signals, key phrases and more. The
    sentiment is null when nothing was scored; "unscored" says why. A line that cannot be read is named on stderr, the
    others are scored, and the exit code is 1.

        ticketpulse score tickets.jsonl > scored.jsonl

        ticketpulse score tickets.jsonl --model 20261122-081500-1a2b3c4d

        echo '{"event_id": "1", "ticket_id": "T-1", "text": "Still broken!"}' | ticketpulse score --explain
    """
    from datetime import UTC, datetime

    from schemas.events import read_event
    from schemas.rejections import Rejected
    from streams.commands.settings import given_settings
    from streams.score import Received, score_events
    from streams.scoring import scorer_of
    from streams.scoring.presets import label_bounds
    from streams.scoring.readers import reader_of

    name = preset or given_settings().preset
    if name not in PRESETS:
        raise Failure(f"no preset {name!r}; there are {', '.join(PRESETS)}", exit_code=2)
    judges = model_of(model, given_settings()).of("") if model else None
    scorer, reader, bounds, progress = scorer_of(name), reader_of(name), label_bounds(name), Progress()
    show = _explained if explain and output is not Output.JSON else _in_words if output is Output.TEXT else _as_json
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
                (scored,) = score_events([Received(event, now)], scorer, reader, bounds, judges)
                typer.echo(show(scored))
            if total % 1000 == 0:
                progress.show(f"{total:,} lines")
    progress.clear()
    if bad:
        raise Failure(f"{bad:,} of {counted(total, 'line')} could not be read; the reasons are above")


def _as_json(scored: "ScoredEvent") -> bytes:
    from schemas.scored import encode_event

    return encode_event(scored)


def _in_words(scored: "ScoredEvent") -> str:
    sentiment = scored.sentiment
    said = f"not scored: {scored.unscored}" if sentiment is None else f"{sentiment.score:5.2f} {sentiment.label}"
    return f"{scored.ticket_id}  {scored.event_id}  {said}"


def _explained(scored: "ScoredEvent") -> str:
    """With the reasons, red for what drew the score down and green for what drew it up, and the reading."""
    lines = [typer.style(_in_words(scored), bold=True)]
    if scored.sentiment is not None:
        lines[0] += f"  (confidence {scored.confidence:.2f})"
    for reason in scored.reasons:
        points = typer.style(f"{reason.points:+6.2f}", fg="red" if reason.points < 0 else "green")
        lines.append(f"    {points}  {reason.rule:<9} {reason.term}".rstrip())
    lines += [f"    {name}: {said}" for name, said in _read_from(scored)]
    removed = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in scored.removed.items())
    return "\n".join([*lines, f"    left out: {removed}"] if removed else lines)


def _read_from(scored: "ScoredEvent") -> Iterator[tuple[str, str]]:
    reading = scored.reading
    yield "category", " / ".join(part for part in (reading.category, reading.subcategory) if part)
    yield "urgency", reading.urgency
    if reading.emotions:
        yield "emotions", ", ".join(f"{name} {strength:.2f}" for name, strength in reading.emotions.items())
    elif reading.emotion:
        yield "emotion", reading.emotion
    for name, said in (("signals", reading.signals), ("key phrases", reading.key_phrases)):
        if said:
            yield name, ", ".join(said)
    if scored.language:
        yield "language", scored.language
