"""`ticketpulse kafka`: what has to be allowed on the cluster."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sinks.kafka_rights import Right

kafka = typer.Typer(no_args_is_help=True, help="What each component has to be allowed on the cluster.")


@kafka.command("acls")
def acls(
    components: Annotated[
        list[str] | None, typer.Argument(metavar="[COMPONENT]...", help="Of these alone; without any, of all.")
    ] = None,
    principal: Annotated[
        str, typer.Option(help="Who is allowed it; {} is the name of the component.", metavar="USER")
    ] = "User:{}",
    bootstrap: Annotated[
        str, typer.Option(help="How kafka-acls.sh reaches the cluster.", metavar="OPTIONS")
    ] = "--bootstrap-server $KAFKA_BROKERS --command-config admin.properties",
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the rights that each component needs, as commands for `kafka-acls.sh`. No broker is asked.

    They follow from the names by which the program works: TICKETPULSE_NAME begins those of groups and transactional
    ids. Each component is its own user, named as itself, unless --principal says otherwise.

        ticketpulse kafka acls score track > acls.sh

        ticketpulse kafka acls --principal User:ticketpulse

        ticketpulse kafka acls page -o json
    """
    from streams.rights import components as known
    from streams.rights import rights_of

    chosen = components or list(known())
    if strange := [name for name in chosen if name not in known()]:
        raise Failure(f"no component is called {strange[0]}; there are {', '.join(known())}", USAGE)
    name = given_settings().name
    if output is Output.JSON:
        print_json(
            [
                {"component": one, "principal": principal.replace("{}", one), **_described(right)}
                for one in chosen
                for right in rights_of(one, name)
            ]
        )
        return
    said = set[str]()
    for one in chosen:
        typer.echo(f"# {one}")
        for command in _commands(principal.replace("{}", one), bootstrap, rights_of(one, name)):
            # Of one user for all, some are the same.
            if command not in said:
                typer.echo(command)
            said.add(command)


def _described(right: "Right") -> dict[str, object]:
    return {
        "resource": right.kind.value.replace(" ", "_"),
        "name": right.name,
        "pattern": "prefixed" if right.prefixed else "literal",
        "operations": list(right.operations),
    }


def _commands(principal: str, bootstrap: str, rights: "Sequence[Right]") -> "Iterator[str]":
    from sinks.kafka_rights import Kind

    options = {Kind.TOPIC: "--topic", Kind.GROUP: "--group", Kind.TRANSACTIONAL_ID: "--transactional-id"}
    for right in rights:
        operations = " ".join(f"--operation {_camel(operation)}" for operation in right.operations)
        pattern = " --resource-pattern-type prefixed" if right.prefixed else ""
        yield (
            f"kafka-acls.sh {bootstrap} --add --allow-principal {shlex.quote(principal)} {operations} "
            f"{options[right.kind]} {shlex.quote(right.name)}{pattern}"
        )


def _camel(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))
