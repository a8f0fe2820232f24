"""The command line `ticketpulse`."""

import typer

from streams.commands import (
    backtest,
    dlq,
    enrich,
    evaluate,
    experiment,
    feed,
    import_file,
    kafka,
    llm,
    migrate,
    model,
    model_compare,
    model_switch,
    notify,
    policy,
    predict,
    predict_run,
    privacy,
    privacy_purge,
    produce,
    reanalyze,
    report,
    routing,
    score,
    serve,
    sink,
    sink_positions,
    source,
    sql,
    status,
    suggest,
    tenant,
    token,
    topics,
    train,
    up,
    windows,
    worker,
)
from streams.commands.failure import explain
from streams.commands.terminal import say

app = typer.Typer(
    name="ticketpulse",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Support-ticket events in; sentiment, escalations, windows and alerts out.

    `ticketpulse up` runs everything on this machine and prints the address of the page.

    Servers and limits are settings of the environment: KAFKA_BROKERS, CLICKHOUSE_URL and TICKETPULSE_*. Data goes to
    stdout, everything for people to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 Ctrl-C.
    """,
)

app.command()(up.up)
app.command()(status.status)
app.command()(score.score)
app.command()(evaluate.evaluate)
app.command()(report.report)
policy.policy.command()(backtest.backtest)
app.add_typer(policy.policy, name="policy")
model.model.command()(model_compare.compare)
model.model.command()(model_switch.challenge)
model.model.command()(model_switch.promote)
model.model.command()(model_switch.rollback)
app.command()(train.train)
app.add_typer(model.model, name="model")
app.add_typer(experiment.experiment, name="experiment")
app.add_typer(routing.routing, name="routing")
app.add_typer(notify.notify, name="notify")
app.command()(produce.produce)
app.command("import")(import_file.import_file)
app.command()(reanalyze.reanalyze)
predict.predict.command()(predict_run.run)
app.add_typer(predict.predict, name="predict")
privacy.privacy.command()(privacy_purge.purge)
app.add_typer(privacy.privacy, name="privacy")
app.command()(feed.feed)
app.command()(enrich.enrich)
app.add_typer(llm.llm, name="llm")
app.command()(sql.sql)
app.add_typer(suggest.suggest, name="suggest")
app.add_typer(dlq.dlq, name="dlq")
app.add_typer(windows.windows, name="windows")
app.command()(worker.worker)
sink.sink.command()(sink_positions.verify)
sink.sink.command()(sink_positions.rewind)
app.add_typer(sink.sink, name="sink")
app.add_typer(source.source, name="source")
app.add_typer(serve.serve, name="serve")
app.add_typer(tenant.tenant, name="tenant")
app.add_typer(token.token, name="token")
app.add_typer(topics.topics, name="topics")
app.add_typer(kafka.kafka, name="kafka")
app.command()(migrate.migrate)


def main() -> None:
    """Run the command of the arguments. An expected error is one line on stderr, never a traceback."""
    try:
        app(prog_name="ticketpulse")
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        for line in str(failure).splitlines():
            say(f"ticketpulse: {line}")
        raise SystemExit(failure.exit_code) from None


if __name__ == "__main__":
    main()
