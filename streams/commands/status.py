"""`ticketpulse status`: is it keeping up, and what does it see."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from streams.commands.failure import Failure
from streams.commands.settings import load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from streams.broker.lag import Lag
    from streams.config import Settings


def status(output: OutputOption = Output.TEXT) -> None:
    """Show the lag and the rates of every consumer group, and the last minute that ClickHouse holds.

    LAG is in records not yet read. WRITTEN/S and READ/S are measured over one second, in offsets.

        ticketpulse status

        ticketpulse status -o json | jq '.groups[] | select(.lag > 1000)'
    """
    settings = load_settings()
    quiet_clients()
    groups, kafka = _groups(settings)
    window, page = _last_window(settings)
    if output is Output.JSON:
        print_json({"groups": [group._asdict() for group in groups], "last_window": window})
    else:
        _print(groups, window)
    for trouble in (kafka, page):
        if trouble:
            say(trouble)
    if kafka and page:
        raise Failure("nothing answers: `ticketpulse up` starts everything on this machine")


def groups_of(settings: "Settings") -> dict[str, list[str]]:
    """The consumer groups of the pipeline and what each reads."""
    from streams.topics import READ_BY

    return {f"{settings.name}-{group}": names for group, names in READ_BY.items()}


def _groups(settings: "Settings") -> tuple[list["Lag"], str | None]:
    from aiokafka.errors import KafkaError

    from streams.broker.lag import measure

    try:
        return asyncio.run(measure(settings.kafka, groups_of(settings))), None
    except KafkaError as error:
        return [], f"Kafka at {settings.kafka} does not answer: {error}"


def _last_window(settings: "Settings") -> tuple[dict[str, Any] | None, str | None]:
    """The newest final minute, else the newest; and what is in the way of knowing it."""
    from streams.commands.page_client import PageAway, live

    try:
        token = settings.token.get_secret_value() if settings.token else None
        series = live(settings.host, settings.page_port, token=token)["series"]
    except PageAway as error:
        return None, str(error)
    final = [minute for minute in series if minute["final"]]
    return (final or series or [None])[-1], None


def _print(groups: list["Lag"], window: dict[str, Any] | None) -> None:
    rows = [
        (one.group, one.topic, f"{one.lag:,}", f"{one.written_per_second:,.1f}", f"{one.read_per_second:,.1f}")
        for one in groups
    ]
    print_table(("GROUP", "TOPIC", "LAG", "WRITTEN/S", "READ/S"), rows)
    if window is None:
        typer.echo("\nno window yet")
        return
    share = window["negative_share"]
    typer.echo(
        f"\nminute from {window['start']} ({'final' if window['final'] else 'not final yet'}): "
        f"{window['events']:,} events, {window['scored']:,} scored, "
        f"{'no' if share is None else f'{share:.0%}'} negative, {window['escalations']:,} escalations"
    )
