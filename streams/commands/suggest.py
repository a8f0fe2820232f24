"""`ticketpulse suggest`: what would be suggested, whether the files behind it can be read, and how often it is used."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer
from typer.core import TyperGroup

from streams.commands.failure import FAILED, USAGE, Failure
from streams.commands.given import tenant_of
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, counted, print_json, print_table, say

if TYPE_CHECKING:
    from sinks.suggestions.models import Suggestions

_FOR_A_TEXT = "for"


class _TextOrCommand(TyperGroup):
    """`suggest TEXT` is `suggest for TEXT`: a text is everything that is no command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [_FOR_A_TEXT, *args]
        return super().parse_args(ctx, args)


class Mood(StrEnum):
    """How a text sounds."""

    VERY_NEGATIVE = "very_negative"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    VERY_POSITIVE = "very_positive"


suggest = typer.Typer(
    cls=_TextOrCommand,
    no_args_is_help=True,
    help="""Suggest answers: a draft, help articles, and resolved tickets that are alike.

    ticketpulse suggest "How do I change my PIN?"

    ticketpulse suggest --ticket T-1

    ticketpulse suggest check
    """,
)

FolderOption = Annotated[
    Path | None, typer.Option("--folder", metavar="FOLDER", help="Drafts and articles; else TICKETPULSE_SUGGESTIONS.")
]
TenantOption = Annotated[str, typer.Option(metavar="NAME", help="Whose tickets.")]


@suggest.command(_FOR_A_TEXT)
def for_text(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What a customer writes.")] = None,
    ticket: Annotated[str | None, typer.Option(metavar="ID", help="A stored ticket: the page is asked.")] = None,
    tenant: TenantOption = "default",
    category: Annotated[str | None, typer.Option(metavar="NAME", help="Else what is read from the text.")] = None,
    label: Annotated[Mood | None, typer.Option(help="Else what is read from the text.")] = None,
    language: Annotated[str | None, typer.Option(metavar="LANGUAGE", help="Two letters; else as it is read.")] = None,
    folder: FolderOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what would be suggested for a text, out of the files here, or for a ticket, as the page suggests it.

    ticketpulse suggest for "I was charged twice" --folder suggestions

    ticketpulse suggest for --ticket T-1 --tenant acme -o json
    """
    tenant_of(tenant)
    if (text is None) == (ticket is None):
        raise Failure("either a TEXT or --ticket ID", USAGE)
    made = (
        _asked(f"/api/v1/tickets/{quote(ticket, safe='')}/suggestions?{urlencode({'tenant': tenant})}")
        if ticket is not None
        else _made(text or "", tenant, category, label, language, folder).model_dump(mode="json")
    )
    if output is Output.JSON:
        print_json(made)
    else:
        _print(made)


@suggest.command()
def check(folder: FolderOption = None, output: OutputOption = Output.TEXT) -> None:
    """Read every draft and article: what is wrong is told with its file and line, and the exit code is 1.

    Drafts that fit the same tickets equally well are told too; the first of them by name is taken.

        ticketpulse suggest check --folder suggestions
    """
    from sinks.suggestions.library import read_files
    from sinks.suggestions.reply_files import ties

    templates, articles, wrong = read_files(folder or given_settings().suggestions)
    tied = [(one.name, other.name) for one, other in ties(templates)]
    if output is Output.JSON:
        mistakes = [each._asdict() for each in wrong]
        names = {"drafts": [each.name for each in templates], "articles": [each.name for each in articles]}
        print_json({**names, "tied": tied, "mistakes": mistakes})
    else:
        for one, other in tied:
            typer.echo(f"{one} and {other} fit the same tickets: {min(one, other)} is taken")
        sections = sum(len(article.sections) for article in articles)
        typer.echo(
            f"{counted(len(templates), 'draft')}, {counted(len(articles), 'article')} with "
            f"{counted(sections, 'section')}"
        )
    for mistake in wrong:
        say(str(mistake))
    if wrong:
        raise typer.Exit(FAILED)


@suggest.command()
def stats(
    tenant: TenantOption = "default",
    days: Annotated[int, typer.Option(min=1, max=400, help="How far back.")] = 30,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print how often each suggestion was used, and what became of automatic answers. The page is asked.

    ticketpulse suggest stats --days 7
    """
    tenant_of(tenant)
    told = _asked(f"/api/v1/suggestions/stats?{urlencode({'tenant': tenant, 'days': days})}")
    if output is Output.JSON:
        print_json(told)
        return
    rows = [
        (each["suggested"], each["id"], each["used"], each["dismissed"], f"{each['share']:.0%}")
        for each in told["suggestions"]
    ]
    print_table(("SUGGESTED", "ID", "USED", "DISMISSED", "ACCEPTED"), rows)
    if told["automatic"]:
        typer.echo("")
        answers = [(each["tickets"], each["state"], each["reason"]) for each in told["automatic"]]
        print_table(("TICKETS", "ANSWERED AUTOMATICALLY", "REASON"), answers)


def _made(
    text: str, tenant: str, category: str | None, label: str | None, language: str | None, folder: Path | None
) -> "Suggestions":
    from datetime import UTC, datetime

    from schemas.events import TicketEvent
    from sinks.suggestions.library import read_library
    from sinks.suggestions.reply_facts import ReplyFacts
    from sinks.suggestions.suggesting import Whose, suggest
    from streams.score import Received, score_events
    from streams.scoring import scorer_of
    from streams.scoring.readers import reader_of

    settings = given_settings()
    library = read_library(folder or settings.suggestions)
    now = datetime.now(UTC)
    event = TicketEvent(event_id="1", tenant=tenant, ticket_id="T-1", type="created", occurred_at=now, text=text)
    name = settings.preset
    (read,) = score_events([Received(event, now)], scorer_of(name), reader_of(name))
    facts = ReplyFacts(
        ticket_id="T-1",
        category=category or read.category,
        label=label or (read.sentiment.label if read.sentiment else ""),
        urgency=read.reading.urgency,
        emotion=read.reading.emotion or "",
    )
    return suggest(library, facts, Whose(tenant, language or read.language), text, [])


def _asked(path: str) -> dict[str, Any]:
    from streams.commands.page_client import PageAway, answer

    settings = given_settings()
    token = settings.token.get_secret_value() if settings.token else None
    try:
        return answer(settings.host, settings.page_port, path, token)
    except PageAway as error:
        raise Failure(str(error)) from None


def _print(made: dict[str, Any]) -> None:
    draft = made["draft"]
    if draft is not None:
        typer.echo(f"draft {draft['id']}, {draft['reason']}")
        for other in draft["tied"]:
            typer.echo(f"  {other} fits as well")
        typer.echo("\n" + "\n".join(f"  {line}".rstrip() for line in draft["text"].split("\n")))
    for article in made["articles"]:
        heading = f", {article['heading']}" if article["heading"] else ""
        typer.echo(f"\narticle {article['id']}: {article['title']}{heading} ({article['reason']}) {article['url']}")
    for ticket in made["similar"]:
        took = f"{ticket['took_seconds'] / 3600:,.1f} h"
        typer.echo(f"\nticket {ticket['ticket_id']}, resolved after {took} ({ticket['reason']})")
    for missing in made["missing"]:
        say(missing)
