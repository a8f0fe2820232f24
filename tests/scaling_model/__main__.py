"""What a rate of events needs, and whether a simulation of the queues agrees.

python -m tests.scaling_model --events-per-second 1000000
python -m tests.scaling_model --events-per-second 1000000 --patience-ms 100 --speed 2.5
python -m tests.scaling_model --measured .local/bench/peers-….json   # beside what was measured at small scale
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.scaling_model.inputs import STAGES, Inputs
from tests.scaling_model.model import Plan, plan, waiting
from tests.scaling_model.queues import simulate

# Shares of a worker's time that events take, without its transactions.
SHARES: Final = (0.05, 0.2, 0.4, 0.6, 0.8)
PARTITIONS: Final = 2
OURS: Final = "ticketpulse"


def main() -> int:
    """Print the plan, then model and simulation side by side; exit code 2 for inputs that cannot be met."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.scaling_model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in Inputs()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="that each point is simulated (%(default)s)")
    parser.add_argument("--measured", type=Path, help="figures that `make bench-peers` has kept")
    arguments = vars(parser.parse_args())
    seconds, measured = arguments.pop("seconds"), arguments.pop("measured")
    inputs = Inputs(**arguments)
    console = Console(width=130 if not sys.stdout.isatty() else None)
    try:
        show_plan(plan(inputs), inputs, console)
    except ValueError as error:
        console.print(f"{error}; --patience-ms is the least time between two")
        return 2
    show_queues(inputs, seconds, console)
    if measured:
        show_measured(json.loads(measured.read_text()), inputs, seconds, console)
    return 0


def show_plan(found: Plan, inputs: Inputs, console: Console) -> None:
    """The tables of stages, and of everything else."""
    stages = _table(
        f"{inputs.events_per_second:,.0f} events/s, workers at most {inputs.busy:.0%} busy",
        ("stage", "cores", "workers", "partitions", "busy", "events a transaction", "transactions/s", "mean", "p99"),
    )
    for each in found.stages:
        stay = each.waiting
        stages.add_row(
            each.stage.name,
            *(f"{each.cores:,.1f}", f"{each.workers:,}", f"{each.partitions:,}", f"{each.busy:.0%}"),
            *(f"{each.events_a_commit:,.0f}", f"{each.commits_per_second:,.0f}"),
            *(f"{stay.mean_ms:,.0f} ms", f"{stay.p99_ms:,.0f} ms"),
        )
    console.print(stages)
    rest = _table("the rest", ("what", "needs"))
    crowded = "" if found.trends_cores <= found.trends_limit else ", MORE than tenants and sizes can share"
    for what, needs in (
        ("trends", f"{found.trends_cores:,.1f} cores, {found.trends_workers:,} workers{crowded}"),
        ("sink", f"{found.sink_cores:,.1f} cores, {found.sink_workers:,} workers"),
        ("brokers", f"{found.brokers:,} for {found.broker_megabytes:,.0f} MB/s and {found.broker_cores:,.0f} cores"),
        ("their disks", f"{found.broker_terabytes:,.1f} TB for {inputs.retention_days:g} days"),
        ("ClickHouse", f"{found.shards:,} shards of {inputs.replicas} for {found.clickhouse_cores:,.1f} cores"),
        (
            "inserts",
            f"{found.inserts_per_second:,.0f} a second, {found.inserts_per_second / found.shards:,.0f} a shard",
        ),
        ("its disks", f"{found.clickhouse_terabytes:,.1f} TB for {inputs.row_days:g} days"),
        ("state", f"{found.state_gigabytes:,.1f} GB of memory for {inputs.open_tickets:,.0f} tickets"),
        ("money", f"${found.dollars_a_month:,.0f} a month, ${found.dollars_of_cores:,.0f} of it for cores"),
        ("a million events", f"${found.dollars_a_million:,.3f}"),
    ):
        rest.add_row(what, needs)
    console.print(rest)


def show_queues(inputs: Inputs, seconds: float, console: Console) -> None:
    """One worker of each stage under rising load: what the formulas say, and what the simulation does."""
    table = _table(
        f"one worker with {PARTITIONS} partitions: model / simulation",
        ("stage", "events/s", "busy", "mean ms", "p99 ms"),
    )
    for stage in STAGES:
        chosen = stage._replace(patience_ms=inputs.patience_ms)
        for share in SHARES:
            rate = share * 1e6 / chosen.event_micros * inputs.speed
            paper = waiting(chosen, rate, PARTITIONS, inputs.speed)
            seen = simulate(chosen, rate, PARTITIONS, seconds, inputs.speed)
            busy = share + PARTITIONS * chosen.commit_ms / inputs.speed / paper.cycle_ms
            table.add_row(
                *(chosen.name, f"{rate:,.0f}", f"{busy:.0%} / {seen.busy:.0%}"),
                f"{paper.mean_ms:,.1f} / {seen.mean_ms:,.1f}",
                f"{paper.p99_ms:,.1f} / {seen.p99_ms:,.1f}",
            )
    console.print(table)


def show_measured(document: dict[str, Any], inputs: Inputs, seconds: float, console: Console) -> None:
    """What the stage `score` alone is said to take beside what was seen on its topic, at the rates of a comparison."""
    found: Sequence[dict[str, Any]] = [turn for turn in document["turns"] if turn["name"] == OURS]
    table = _table(
        "from due to seen on tickets.scored.v1: model / simulation / measured, of which the broker is no part",
        ("events/s", "mean or p50 ms", "p99 ms"),
    )
    stage = STAGES[0]._replace(patience_ms=inputs.patience_ms)
    for point in (turn[name] for turn in found for name in ("modest", "half")):
        paper = waiting(stage, point["rate"], PARTITIONS, inputs.speed)
        seen = simulate(stage, point["rate"], PARTITIONS, seconds, inputs.speed)
        table.add_row(
            f"{point['rate']:,.0f}",
            f"{paper.mean_ms:,.1f} / {seen.p50_ms:,.1f} / {point['topic_p50'] * 1e3:,.1f}",
            f"{paper.p99_ms:,.1f} / {seen.p99_ms:,.1f} / {point['topic_p99'] * 1e3:,.1f}",
        )
    console.print(table)


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    return table


if __name__ == "__main__":
    sys.exit(main())
