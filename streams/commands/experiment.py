"""`ticketpulse experiment`: thresholds and policies tried against each other on real tickets."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, counted, print_json, print_table, say

if TYPE_CHECKING:
    from schemas.experiments import Running
    from sinks.experiments.standing import Standing


experiment = typer.Typer(no_args_is_help=True, help="Try thresholds and policies against each other on real tickets.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The experiment's name, as its file gives it.")]
ArmOption = Annotated[str, typer.Option("--arm", metavar="ARM", help="One arm of it; else all.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"


@experiment.command("check")
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A folder of policies; else TICKETPULSE_POLICIES.")
    ] = None,
) -> None:
    """Read experiments as a worker does, name every mistake with its line, and tell arms and times.

    ticketpulse experiment check my-policies/
    """
    from streams.escalation.book import read_book

    settings = given_settings()
    where = _folder(folder)
    book = read_book(where, settings.preset)
    for trying in book.tryings.all:
        about = trying.about
        arms = ", ".join(f"{arm.name} {arm.share:.0%} by {trying.arms[arm.name].policy.name}" for arm in about.arms)
        typer.echo(f"{about.name}: tenant {about.tenant}, {arms}; from {about.start:%Y-%m-%d} to {about.end:%Y-%m-%d}")
    if not book.tryings.all:
        say(f"there are no experiments in {where / 'experiments'}")


@experiment.command("status")
def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One experiment; else all.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Tell how experiments stand and what follows. Look as often as you like: all that is told holds at every look.

    ticketpulse experiment status

    ticketpulse experiment status sooner -o json | jq '.[].arms[].verdict'
    """
    found = [_standing(each) for each in _experiments(name)]
    if output is Output.JSON:
        print_json([each.model_dump(mode="json") for each in found])
        return
    for standing in found:
        _print(standing)
    if not found:
        say("there are no experiments")


@experiment.command("report")
def report(
    name: NameArgument,
    form: Annotated[Form, typer.Option("--format", help="What it is written as.")] = Form.MARKDOWN,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; else to stdout.")
    ] = None,
) -> None:
    """Write a report: each metric with its interval, the interval over time, and what may be concluded.

    ticketpulse experiment report sooner --format html --output sooner.html
    """
    from schemas.whole_files import write_whole
    from sinks.experiments.report import report_of
    from sinks.reports.html import html
    from sinks.reports.markdown import markdown

    (running,) = _experiments(name)
    made = report_of(_standing(running))
    written = {
        Form.HTML: lambda: html(made, page=given_settings().page_url).encode(),
        Form.MARKDOWN: lambda: markdown(made).encode(),
        Form.JSON: lambda: made.model_dump_json(indent=2).encode() + b"\n",
    }[form]()
    if output is None:
        sys.stdout.buffer.write(written)
        return
    try:
        write_whole(output, written)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}") from error
    say(f"{output}: {made.title}")


@experiment.command("stop")
def stop(
    name: NameArgument,
    arm: ArmOption = "",
    reason: ReasonOption = "",
    if_harmed: Annotated[
        bool,
        typer.Option(
            "--if-harmed",
            help='Only arms with a guardrail that is surely worse, and only if the file says on_harm = "stop".',
        ),
    ] = False,
) -> None:
    """Let an experiment, or an arm of it, take no more tickets. Episodes that run end under the policy that opened
    them.

    Workers follow within two seconds; `resume` takes it back. It is kept in experiments/changes.toml and audited.

    ticketpulse experiment stop sooner --reason 'too many pages'

    ticketpulse experiment stop sooner --if-harmed      # from cron
    """
    (running,) = _experiments(name)
    if not if_harmed:
        _change(running, [arm], "stop", reason)
        return
    from sinks.experiments.standing import harmed

    standing = _standing(running)
    arms = [each for each in harmed(standing) if arm in ("", each)]
    if not arms:
        say(f"{name}: no arm that takes tickets is harmed")
    elif running.experiment.on_harm != "stop":
        say(f'{name}: {", ".join(arms)} should be stopped; the file says on_harm = "recommend", so nothing was done')
    else:
        _change(running, arms, "stop", reason or "a guardrail is worse, for certain")


@experiment.command("resume")
def resume(name: NameArgument, arm: ArmOption = "", reason: ReasonOption = "") -> None:
    """Let what was stopped take tickets again, as far as its time is not over. Tickets of the time between count for
    no arm.

    ticketpulse experiment resume sooner --arm early
    """
    (running,) = _experiments(name)
    _change(running, [arm], "resume", reason)


def _change(running: "Running", arms: list[str], what: Literal["stop", "resume"], reason: str) -> None:
    from schemas.experiments import Change
    from streams.audit import of_command
    from streams.escalation.stopping import record_changes

    about = running.experiment
    known = [each.name for each in about.arms]
    for arm in arms:
        if arm and arm not in known:
            raise Failure(f"{about.name} has no arm {arm!r}; there are: {', '.join(known)}", USAGE)
    now = datetime.now(UTC)
    targets = [f"{about.name}:{arm}" if arm else about.name for arm in arms]
    record = of_command(f"experiment.{what}", targets, reason, now)
    changes = [
        Change(experiment=about.name, arm=arm, what=what, at=now, by=record.actor, reason=reason) for arm in arms
    ]
    try:
        file = record_changes(_folder(None), changes)
    except OSError as error:
        raise Failure(f"what was stopped cannot be written: {error}") from error
    unheard = tell_audit(record, given_settings())
    typer.echo(f"{', '.join(targets)}: {'stopped' if what == 'stop' else 'goes on'}; {file}")
    if unheard:
        say(f"it is told in that file alone, not in the audit: {unheard}")


def _folder(given: Path | None) -> Path:
    folder = given or given_settings().policies
    if folder is None:
        raise Failure("no folder of policies: name one, or set TICKETPULSE_POLICIES", USAGE)
    if not folder.is_dir():
        raise Failure(f"{folder}: no such folder of policies", USAGE)
    return folder


def _experiments(name: str | None) -> "list[Running]":
    from streams.escalation.experiments import read_experiments

    found, _ = read_experiments(_folder(None))
    if name is None:
        return found
    chosen = [each for each in found if each.experiment.name == name]
    if not chosen:
        known = ", ".join(each.experiment.name for each in found) or "none"
        raise Failure(f"there is no experiment {name!r}; there are: {known}", USAGE)
    return chosen


def _standing(running: "Running") -> "Standing":
    """From ClickHouse; where another process has the embedded engine open, by its page."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from sinks.clickhouse.client import EMBEDDED, connect
    from sinks.clickhouse.console import socket_of
    from sinks.experiments.api import ADDRESS, read_standing
    from sinks.experiments.standing import Standing
    from streams.commands.page_json import page_json
    from streams.commands.report import database

    url = database()
    if url.startswith(EMBEDDED) and socket_of(url).exists():
        return Standing.model_validate_json(page_json(f"{ADDRESS}/{running.experiment.name}", []))
    client = connect(url, readonly=True)
    try:
        return read_standing(client, running, datetime.now(UTC))
    except ClickHouseError as error:
        raise of_engine(error) from error
    finally:
        client.close()


def _print(standing: "Standing") -> None:
    from sinks.experiments.metrics import METRICS
    from sinks.experiments.report import signed
    from sinks.reports.figures_in_words import written

    tickets = sum(arm.tickets for arm in standing.arms)
    settled = sum(arm.settled for arm in standing.arms)
    typer.echo(
        f"{standing.name}: {standing.state}, {counted(tickets, 'ticket')}, the outcome of {settled:,} is settled; "
        f"dealt as planned: p {standing.mismatch_p:.3f}"
    )
    print_table(
        ("metric", "arm", "it", standing.control, "difference", "from", "to", "p", "found"),
        [
            (
                each.title if each.role == "metric" else f"{each.title} (guardrail)",
                each.arm,
                written(each.value, METRICS[each.metric].unit),
                written(each.control_value, METRICS[each.metric].unit),
                *(signed(value, METRICS[each.metric].unit) for value in (each.difference, each.low, each.high)),
                f"{each.p:.3f}",
                each.found or "open",
            )
            for each in standing.against
        ],
    )
    for arm in standing.arms:
        if arm.verdict is not None:
            off = " It is switched off." if arm.paused_since else ""
            typer.echo(f"{arm.name}: {arm.verdict}. {arm.says}{off}")
