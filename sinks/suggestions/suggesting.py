"""What is suggested for a text, or for a ticket."""

from dataclasses import replace
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.suggestions.bm25 import ExtraMissing
from sinks.suggestions.drafting import Draft, draft_for
from sinks.suggestions.finding import MOST, THRESHOLD, Found
from sinks.suggestions.library import Library
from sinks.suggestions.models import SimilarTicket, SuggestedArticle, SuggestedDraft, Suggestions
from sinks.suggestions.reading import read_ticket
from sinks.suggestions.reply_facts import ReplyFacts
from sinks.suggestions.similar import SimilarTickets

NO_ARTICLES: Final = "no articles: TICKETPULSE_SUGGESTIONS names no folder with some"


class Whose(NamedTuple):
    """Whose ticket it is, and in which language the customer writes; None where that is not known."""

    tenant: str
    language: str | None


def suggest(library: Library, facts: ReplyFacts, whose: Whose, said: str, similar: list[SimilarTicket]) -> Suggestions:
    """The draft, and the articles that answer what was said, out of the library."""
    found = library.find(said, whose.tenant, whose.language, threshold=THRESHOLD, most=MOST)
    best = found[0].passage.article.head if found else None
    if best is not None:
        facts = replace(facts, article=best.title, article_url=best.url)
    draft = draft_for(library.templates, facts, whose.tenant, whose.language)
    missing = library.missing or ("" if library.finder else NO_ARTICLES)
    return Suggestions(
        tenant=whose.tenant,
        ticket_id=facts.ticket_id,
        language=whose.language,
        draft=_draft(draft) if draft else None,
        articles=list(map(_article, found)),
        similar=similar,
        missing=[missing] if missing else [],
    )


def suggest_for(
    client: Client, library: Library, similar: SimilarTickets, tenant: str, ticket: str
) -> Suggestions | None:
    """What is suggested for a ticket; None for one that nothing is stored of. Raises clickhouse_connect's errors."""
    stored = read_ticket(client, tenant, ticket)
    if stored is None:
        return None
    alike: list[SimilarTicket] = []
    missing = ""
    try:
        alike = similar.find(client, tenant, ticket, stored.said, stored.language)
    except ExtraMissing as error:
        missing = str(error)
    made = suggest(library, stored.facts, Whose(tenant, stored.language), stored.said, alike)
    return made.model_copy(update={"missing": list(dict.fromkeys([*made.missing, *([missing] if missing else [])]))})


def _draft(draft: Draft) -> SuggestedDraft:
    head = draft.template.head
    return SuggestedDraft(
        id=draft.template.name, title=head.title, text=draft.text, reason=draft.reason, tied=list(draft.tied)
    )


def _article(found: Found) -> SuggestedArticle:
    article, section = found.passage
    head = article.head
    return SuggestedArticle(
        id=article.name,
        title=head.title,
        url=head.url,
        category=head.category,
        heading=section.heading,
        text=section.text,
        html=section.html,
        share=round(found.share, 3),
        reason=f"answers {found.share:.0%}: {', '.join(found.terms)}",
    )
