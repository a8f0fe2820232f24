"""`ticketpulse routing`: who would take which ticket, and how soon tickets would be answered, without any server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streams.commands.terminal import Output, OutputOption, counted, print_json, print_table, say

routing = typer.Typer(no_args_is_help=True, help="Try who should take which ticket, on a roster and made tickets.")

RosterArgument = Annotated[Path, typer.Argument(metavar="ROSTER", help="A TOML file of queues and agents.")]
# A Monday.
_BEGIN = datetime(2026, 11, 23, tzinfo=UTC)


@routing.command("check")
def check(roster: RosterArgument) -> None:
    """Read a roster, name every mistake with its line, and tell who is there now.

    ticketpulse routing check roster.toml
    """
    from streams.routing.roster import read_roster

    read, now = read_roster(roster), datetime.now(UTC)
    here = [agent.name for agent in read.agents if agent.is_here(now)]
    for queue in read.queues:
        serving = [agent for agent in read.agents if queue.name in agent.queues]
        room = sum(agent.capacity for agent in serving if agent.name in here)
        typer.echo(f"{queue.name}: {counted(len(serving), 'agent')}; room for {counted(room, 'ticket')} now")
    say(f"there now: {', '.join(here) or 'nobody'}")


@routing.command("simulate")
def simulate(
    roster: RosterArgument,
    runs: Annotated[int, typer.Option(help="How many runs; each has tickets of its own.", min=2, max=1_000)] = 30,
    days: Annotated[int, typer.Option(help="Days of a run, from a Monday on.", min=1, max=60)] = 5,
    per_day: Annotated[float, typer.Option("--per-day", help="Tickets a day.", min=1, max=5_000)] = 100,
    handling: Annotated[
        float, typer.Option(help="Minutes that a ticket takes somebody who is good at its category.", min=0.1)
    ] = 20,
    target: Annotated[float, typer.Option(help="Minutes within which a first response is wanted.", min=0.1)] = 15,
    category: Annotated[
        list[str] | None, typer.Option(help="A category and its weight, as in billing=3; else those of the queues.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="A language and its weight, as in de=1; else en.")] = None,
    seed: Annotated[int, typer.Option(help="Other tickets for each seed.")] = 1,
    output: OutputOption = Output.TEXT,
) -> None:
    """Play made tickets to a roster and compare ways of giving them to agents, each with the same tickets.

    Time to first response and the share within the target, as means over runs with their 95 % intervals, and how much
    less they are than by round robin in the same runs. docs/routing.md tells what is assumed of people and tickets.

    ticketpulse routing simulate roster.toml --per-day 150 --category billing=2 --category technical=1
    """
    from streams.routing.comparing import FIGURES, compare
    from streams.routing.roster import read_roster
    from streams.routing.simulating import World

    read = read_roster(roster)
    known = {each for queue in read.queues for each in queue.categories} or {"general"}
    world = World(
        begin=_BEGIN,
        days=days,
        tickets_a_day=per_day,
        handling=handling * 60,
        categories=_weights(category) or dict.fromkeys(sorted(known), 1.0),
        languages=_weights(language) or {"en": 1.0},
    )
    found = compare(read, world, runs, target * 60, seed)
    if output is Output.JSON:
        print_json(
            [
                {
                    "way": each.way,
                    **{name: each.figures[name]._asdict() for name in FIGURES},
                    "less_than_round_robin": {name: each.less[name]._asdict() for name in FIGURES},
                }
                for each in found
            ]
        )
        return
    print_table(
        ("way", "mean min", "p50 min", "p90 min", "within target", "left", "mean less than round robin"),
        [
            (
                each.way,
                *(f"{each.figures[name].value / 60:.1f} ± {each.figures[name].half / 60:.1f}" for name in FIGURES[:3]),
                *(f"{each.figures[name].value:.1%} ± {each.figures[name].half:.1%}" for name in FIGURES[3:]),
                f"{each.less['mean'].value / 60:.1f} ± {each.less['mean'].half / 60:.1f}",
            )
            for each in found
        ],
    )


def _weights(told: list[str] | None) -> dict[str, float]:
    from streams.commands.failure import USAGE, Failure

    weights: dict[str, float] = {}
    for each in told or []:
        name, _, weight = each.partition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
        if not name or not 0 < weights[name] < 1e9:
            raise Failure(f"{each!r} is no name with a weight, as in billing=3", USAGE)
    return weights
