"""`ticketpulse topics`: the topics on the broker."""

import asyncio

import typer

from streams.commands.settings import admitted_settings, load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, print_json, print_table

topics = typer.Typer(no_args_is_help=True, help="Create and look at the topics.")


@topics.command("apply")
def apply_(output: OutputOption = Output.TEXT) -> None:
    """Create missing topics, alter settings that differ, wait for leaders. Running it again changes nothing.

    TICKETPULSE_PARTITIONS and TICKETPULSE_REPLICATION say how many. A topic that has another number of partitions is
    an error, and then nothing is changed: state belongs to a partition.

        ticketpulse topics apply

        TICKETPULSE_PARTITIONS=12 TICKETPULSE_REPLICATION=3 ticketpulse topics apply
    """
    from streams.broker.admin import apply_topics
    from streams.retention import read_retention
    from streams.topics import ALL

    settings = admitted_settings("topics")
    wanted = read_retention(settings.retention).of_topics(ALL)
    quiet_clients()
    applied = asyncio.run(apply_topics(settings.kafka, wanted, settings.partitions, settings.replication))
    if output is Output.JSON:
        print_json([one._asdict() for one in applied])
        return
    for one in applied:
        changes = ", ".join(f"{name} {before or 'default'} → {after}" for name, (before, after) in one.changes.items())
        typer.echo(f"{one.action:<9}  {one.topic}{'  ' if changes else ''}{changes}")


@topics.command("wanted")
def wanted() -> None:
    """Print the topics that the pipeline needs and their settings, as JSON: for who makes topics by other means.

    No broker is asked. How many partitions there are is up to you, the same for all. TICKETPULSE_RETENTION counts.

        ticketpulse topics wanted
    """
    from streams.retention import read_retention
    from streams.topics import ALL

    wanted = read_retention(load_settings().retention).of_topics(ALL)
    print_json([topic._asdict() for topic in wanted])


@topics.command("ls")
def ls(output: OutputOption = Output.TEXT) -> None:
    """List the topics of the pipeline: partitions, replication, settings.

    ticketpulse topics ls -o json
    """
    from streams.broker.admin import describe_topics
    from streams.topics import ALL

    settings = load_settings()
    quiet_clients()
    names = [topic.name for topic in ALL]
    found = {topic.name: topic for topic in asyncio.run(describe_topics(settings.kafka, names))}
    if output is Output.JSON:
        print_json([topic._asdict() for topic in found.values()])
        return
    rows: list[tuple[object, ...]] = []
    for name in names:
        if topic := found.get(name):
            wanted = ", ".join(f"{setting}={value}" for setting, value in sorted(topic.settings.items()))
            rows.append((name, topic.partitions, topic.replication, wanted))
        else:
            rows.append((name, "missing", "", "ticketpulse topics apply creates it"))
    print_table(("TOPIC", "PARTITIONS", "REPLICATION", "SETTINGS"), rows)
