"""`ticketpulse model compare`: how a challenger differs from the champion on live messages, and which is right."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from streams.comparing.cost import Cost
    from streams.comparing.figures import Comparison, Example
    from streams.comparing.rows import Asked, Match

VersionOption = Annotated[str | None, typer.Option(metavar="VERSION", help="This one, and not the newest.")]


class ShadowKindName(StrEnum):
    """What a challenger can be asked about."""

    SENTIMENT = "sentiment"
    CATEGORY = "category"


def compare(
    kind: Annotated[ShadowKindName, typer.Option(help="What the models tell.")] = ShadowKindName.SENTIMENT,
    tenant: Annotated[str | None, typer.Option(help="Only the messages of this tenant.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Messages since then: 2026-11-01.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Messages before that.")] = None,
    challenger: VersionOption = None,
    champion: VersionOption = None,
    texts: Annotated[bool, typer.Option("--texts", help="Print the customers' words with the examples.")] = False,
    cost: Annotated[bool, typer.Option("--cost/--no-cost", help="Time both on some of the texts.")] = True,
    output: OutputOption = Output.TEXT,
) -> None:
    """Hold a challenger against the champion, on what both said of the same messages, as ClickHouse keeps it.

    Agreement with its interval, Cohen's kappa, the confusion between the two; where people corrected messages, which of
    the two was right, by McNemar's exact test; messages on which they differ, with their addresses on the page; and
    what each costs, where TICKETPULSE_MODELS is set. Too little is said to be too little. Times without an offset are
    UTC.

        ticketpulse model compare

        ticketpulse model compare --kind category --tenant acme --from 2026-11-01 --texts

        ticketpulse model compare -o json | jq .comparison.judged
    """
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.comparing.figures import compare as comparison_of
    from streams.comparing.rows import Asked, matches, read_pairs

    asked = Asked(
        kind.value,
        tenant_of(tenant),
        time_of("--from", begin),
        time_of("--to", end),
        _version("--challenger", challenger),
        _version("--champion", champion),
    )
    url = given_settings().clickhouse
    try:
        found = matches(url, asked)
        if not found:
            raise Failure(
                "no challenger said anything of messages of that time: `ticketpulse model challenge VERSION` runs one"
            )
        asked = asked._replace(challenger=found[0].challenger, champion=found[0].champion)
        pairs = read_pairs(url, asked)
        compared = comparison_of(pairs, _classes(asked, {pair.challenger for pair in pairs}))
        timed = _cost(url, asked) if cost else None
        words = _texts(url, compared.examples) if texts else {}
    except (CannotOpen, QueryFailed) as error:
        raise of_engine(error) from error
    if output is Output.JSON:
        _print_json(asked, compared, timed, words)
    else:
        _print_text(asked, compared, timed, words)
        _tell_others(found)


def _version(option: str, told: str | None) -> str | None:
    from schemas.shadow import LEXICON
    from streams.learning.card import is_version

    if told is not None and told != LEXICON and not is_version(told):
        raise Failure(f"{option} {told}: no version, such as 20261122-081500-1a2b3c4d, nor {LEXICON}", USAGE)
    return told


def _classes(asked: "Asked", seen: set[str]) -> tuple[str, ...]:
    """What the challenger can tell: by its card, or by what it said."""
    from streams.learning.shelf import Shelf

    settings = given_settings()
    if settings.models is not None and settings.model_key is not None and asked.challenger:
        shelf = Shelf(settings.models, settings.model_key.get_secret_value().encode())
        try:
            return shelf.load(asked.kind, asked.challenger).card.classes
        except Exception as error:
            # It may have been removed since: what it said is still there.
            say(f"the challenger's card cannot be read ({error}): its classes are those that it named")
    known = {"negative", "neutral", "positive"} if asked.kind == "sentiment" else set()
    return tuple(sorted(seen | known))


def _cost(url: str, asked: "Asked") -> "Cost | None":
    """None where models are not at hand."""
    from schemas.shadow import LEXICON
    from streams.comparing.cost import TEXTS, by_model, by_preset, cost_of
    from streams.comparing.rows import read_texts
    from streams.learning.challengers import load_classifier
    from streams.learning.shelf import Shelf
    from streams.stages import load_preset

    settings = given_settings()
    if settings.models is None or settings.model_key is None:
        return None
    shelf = Shelf(settings.models, settings.model_key.get_secret_value().encode())
    try:
        challenger = by_model(load_classifier(shelf.load(asked.kind, asked.challenger or "")))
        if asked.champion == LEXICON:
            champion = by_preset(load_preset(settings.preset), asked.kind)
        else:
            champion = by_model(load_classifier(shelf.load(asked.kind, asked.champion or "")))
    except Exception as error:
        say(f"not timed: {error}")
        return None
    texts = [text for text in read_texts(url, asked, TEXTS).values() if text]
    return cost_of(champion, challenger, texts, time.perf_counter)


def _texts(url: str, examples: "tuple[Example, ...]") -> dict[str, str]:
    from streams.comparing.rows import read_text

    return {each.event_id: read_text(url, each.tenant, each.ticket_id, each.event_id) for each in examples}


def _address(example: "Example") -> str:
    settings = given_settings()
    page = settings.page_url or f"http://{settings.host}:{settings.page_port}"
    return f"{page.rstrip('/')}/?tenant={quote(example.tenant)}#now?ticket={quote(example.ticket_id, safe='')}"


def _print_json(asked: "Asked", found: "Comparison", cost: "Cost | None", words: dict[str, str]) -> None:
    import msgspec

    from streams.comparing.words import cautions, verdict

    told = msgspec.to_builtins(found)
    for example, plain in zip(found.examples, told["examples"], strict=True):
        plain["page"] = _address(example)
        if words:
            plain["text"] = words[example.event_id]
    print_json(
        {
            "kind": asked.kind,
            "champion": asked.champion,
            "challenger": asked.challenger,
            "comparison": told,
            "ms_per_1000_texts": cost._asdict() if cost else None,
            "verdict": verdict(found),
            "cautions": cautions(found),
        }
    )


def _print_text(asked: "Asked", found: "Comparison", cost: "Cost | None", words: dict[str, str]) -> None:
    from streams.comparing.words import cautions, confusion_rows, lines

    typer.echo(f"{asked.kind}: champion {asked.champion}, challenger {asked.challenger}\n")
    for line in lines(found, cost):
        typer.echo(line)
    typer.echo("")
    print_table(*confusion_rows(found))
    if found.examples:
        typer.echo("\nwhere they differ, those first of which the challenger is surest:")
        rows = [(each.champion, each.challenger, f"{each.probability:.2f}", _address(each)) for each in found.examples]
        print_table(("champion", "challenger", "probability", "page"), rows)
    for example in found.examples:
        if words.get(example.event_id):
            typer.echo(f"\n{example.ticket_id}: {words[example.event_id]}")
    for caution in cautions(found):
        say(f"note: {caution}")


def _tell_others(found: "list[Match]") -> None:
    for each in found[1:]:
        say(f"also there: {each.challenger} beside {each.champion}, {each.messages:,} messages until {each.until[:16]}")
