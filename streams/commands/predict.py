"""`ticketpulse predict`: what is expected of open conversations, and how good such predictions have been."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import Failure, of_engine
from streams.commands.given import tenant_of
from streams.commands.settings import load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, print_table, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.predictions.evaluation import Rules
    from streams.predictions.history import History
    from streams.predictions.judged import Evaluation

predict = typer.Typer(no_args_is_help=True, help="What is expected of open conversations.")

TenantOption = Annotated[str | None, typer.Option(help="Only this tenant's tickets; the model is theirs alone.")]
DaysOption = Annotated[int, typer.Option(min=1, max=1000, help="Of events that happened in so many days.")]
UntilOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The days end there; today without it.")
]
_DAYS = 180


@predict.command()
def train(
    tenant: TenantOption = None,
    days: DaysOption = _DAYS,
    until: UntilOption = None,
    aside: Annotated[bool, typer.Option("--aside", help="Keep the models, and put none in force.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Learn from what became of tickets, walk forward through the same history, and keep the models.

    A model is put in force where it beat what is told without it, beyond chance; else the baseline goes on. What there
    is too little history for is said, with how much it takes. Models are in the folder TICKETPULSE_MODELS, signed with
    TICKETPULSE_MODEL_KEY.

        ticketpulse predict train

        ticketpulse predict train --tenant acme --days 365 --aside
    """
    from streams.audit import who
    from streams.commands.model import open_shelf
    from streams.learning.card import ModelCard
    from streams.learning.switching import promote
    from streams.predictions.shelved import card_of
    from streams.predictions.training import helps, metrics_of
    from streams.predictions.training import train as train_models

    settings = load_settings()
    quiet_clients()
    shelf = open_shelf()
    with one_core():
        history = _history(settings, tenant, days, until)
        trained = train_models(history)
        evaluation = _evaluated(history, rules(settings, 7))
    cards: list[tuple[ModelCard, bool]] = []
    for kind, (model, rows) in trained.models.items():
        metrics = metrics_of(kind, evaluation)
        card = card_of(kind, model, history, tenant or "", datetime.now(UTC), rows, metrics)
        shelf.keep(card, model.kept()[0])
        used = helps(kind, evaluation) and not aside
        if used:
            promote(shelf, card, tenant or "", card.trained_at, who())
        cards.append((card, used))
    if any(used for _, used in cards):
        _audit(settings, [f"{card.kind} {card.version}" for card, used in cards if used], tenant)
    if output is Output.JSON:
        print_json(
            {
                "models": [
                    {
                        "kind": card.kind,
                        "version": card.version,
                        "rows": card.rows,
                        "metrics": card.metrics,
                        "in_force": used,
                    }
                    for card, used in cards
                ],
                "missing": dict(trained.missing),
                "evaluation": evaluation,
            }
        )
        return
    header = ("kind", "version", "rows", "in force")
    print_table(header, [(card.kind, card.version, f"{card.rows:,}", "yes" if used else "no") for card, used in cards])
    for what, why in trained.missing.items():
        say(f"no model of {what}: {why}; what is told without one goes on")
    for card, used in cards:
        if not used:
            say(f"{card.kind} {card.version} is kept, not in force" + ("" if aside else ": it is not known to help"))


@predict.command()
def evaluate(
    tenant: TenantOption = None,
    days: DaysOption = _DAYS,
    until: UntilOption = None,
    step: Annotated[int, typer.Option(min=1, max=90, help="Days from one learning to the next.")] = 1,
    live: Annotated[bool, typer.Option("--live", help="How the predictions that were sent have done.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Walk forward: learn what was known before a day, foretell the day, go on; and tell how good that was.

    The baseline is beside each figure. It ends with 1 if it finds that something was known too early, or is too good to
    be true. With --live it judges the predictions that are stored, by what happened after them.

        ticketpulse predict evaluate

        ticketpulse predict evaluate --days 365 --step 7 --output json

        ticketpulse predict evaluate --live
    """
    settings = load_settings()
    quiet_clients()
    if live:
        _live(settings, tenant_of(tenant), output)
        return
    from streams.commands.model import need_extra

    need_extra()
    with one_core():
        evaluation = _evaluated(_history(settings, tenant, days, until), rules(settings, step))
    if output is Output.JSON:
        print_json(evaluation)
    else:
        _tell(evaluation)
    if evaluation.alarms:
        for alarm in evaluation.alarms:
            say(f"too good to be true: {alarm}")
        raise typer.Exit(1)


def _history(settings: "Settings", tenant: str | None, days: int, until: datetime | None) -> "History":
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.predictions.reading import read_history

    end = datetime.now(UTC) if until is None else until.replace(tzinfo=UTC)
    since = int((end - timedelta(days=days)).timestamp() * 1000)
    try:
        history = read_history(settings.clickhouse, since, tenant_of(tenant))
    except (QueryFailed, CannotOpen) as error:
        raise of_engine(error) from error
    history = history.until(int(end.timestamp() * 1000))
    say(
        f"{counted(len(history.events.at), 'event')} of {counted(len(history.tickets), 'ticket')} and "
        f"{counted(len(history.escalations.known), 'escalation')} in {days} days"
    )
    if not len(history.events.at):
        raise Failure("there is no history to learn from: no event is stored of these days")
    return history


def _evaluated(history: "History", rules: "Rules") -> "Evaluation":
    from streams.predictions.evaluation import evaluate as walk
    from streams.predictions.leaks import LeakFound

    progress = Progress()
    try:
        return walk(history, rules, show=progress.show)
    except LeakFound as error:
        raise Failure(f"a leak: {error}") from error
    finally:
        progress.clear()


def rules(settings: "Settings", step: int) -> "Rules":
    """What is on time by the settings, and so many days from one learning to the next."""
    from streams.predictions.evaluation import Rules
    from streams.windows import Targets

    return Rules(Targets(*settings.respond_within), Targets(*settings.resolve_within), step)


def _tell(evaluation: "Evaluation") -> None:
    from streams.predictions.telling import tables

    typer.echo(
        f"{counted(evaluation.folds, 'step')} from {evaluation.first} to {evaluation.last}; "
        f"{evaluation.compared:,} rows of facts are the same without what came after them"
    )
    for header, rows in tables(evaluation):
        typer.echo("")
        print_table(header, rows)
    for what, why in evaluation.missing.items():
        say(f"{what} is not judged: {why}")


def _live(settings: "Settings", tenant: str | None, output: Output) -> None:
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from sinks.clickhouse.stored import read_rows

    of_tenant = "1" if tenant is None else f"tenant = '{tenant}'"
    try:
        rows = read_rows(
            settings.clickhouse,
            "SELECT tenant, model, toUInt32(judged) AS judged, toUInt32(tickets) AS tickets, brier, skill, foretold, "  # noqa: S608
            f"observed FROM predictions_live WHERE {of_tenant} ORDER BY tenant, model",
        )
    except (CannotOpen, QueryFailed) as error:
        raise of_engine(error) from error
    if output is Output.JSON:
        print_json(rows)
        return
    if not rows:
        say("no prediction is three days old yet: none can be judged")
    header = ("tenant", "model", "judged", "tickets", "brier", "skill", "foretold", "observed")
    print_table(header, [[_short(row[name]) or "baseline" for name in header] for row in rows])


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–" if value is None else str(value)


def _audit(settings: "Settings", models: list[str], tenant: str | None) -> None:
    """That models were put in force is in the audit; where Kafka is away it is said here alone."""
    from streams.audit import of_command

    record = of_command("predict.train", models, tenant or "all tenants", datetime.now(UTC))
    if unheard := tell_audit(record, settings):
        say(f"the models are in force, but the audit does not have it: {unheard}")


@contextmanager
def one_core() -> Iterator[None]:
    """Small matrices on one core: several threads would wait for each other most of the time."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1):
        yield
