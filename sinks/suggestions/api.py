"""What is suggested for a ticket, what became of it, and how often suggestions are used."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from schemas.events import MAX_ID_CHARS, ticket_key
from schemas.suggestions import SuggestionUse, encode_use, use_id
from sinks.access.audit import tell
from sinks.access.principals import principal_of
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import problem
from sinks.openapi import problems
from sinks.record_writer import NotAcknowledged, RecordWriter
from sinks.suggestions.library import Library
from sinks.suggestions.models import Stats, Suggestions, UseAnswer, UseRequest
from sinks.suggestions.reading import read_stats
from sinks.suggestions.similar import SimilarTickets
from sinks.suggestions.suggesting import suggest_for

RETRY_AFTER: Final = {"Retry-After": "2"}

TicketId = Annotated[str, Path(min_length=1, max_length=MAX_ID_CHARS, description="Which ticket.")]
Days = Annotated[int, Query(ge=1, le=400, description="How far back.")]


def suggestions_api(
    database: Database,
    now: Callable[[], datetime],
    clock: Callable[[], float],
    library: Callable[[], Library],
    writer: RecordWriter | None,
) -> APIRouter:
    """The routes. Without a `writer` there is no log behind the page, and what is used is answered 503. `clock` gives
    seconds and never goes back.
    """
    api = APIRouter(prefix="/api/v1")
    similar = SimilarTickets(clock, now)

    @api.get(
        "/tickets/{ticket_id:any_text}/suggestions",
        response_model=Suggestions,
        responses={**problems(HTTPStatus.NOT_FOUND), **INVALID_OR_AWAY},
    )
    async def suggestions(ticket_id: TicketId, tenant: TenantName = "default") -> Response:
        """A draft, help articles and resolved tickets that are alike, each with the reason why it is suggested."""
        found = await database.ask(lambda client: suggest_for(client, library(), similar, tenant, ticket_id))
        if found is None:
            return problem(HTTPStatus.NOT_FOUND, f"no event of ticket {ticket_id!r} of tenant {tenant!r} is stored")
        return Response(found.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    @api.post(
        "/tickets/{ticket_id:any_text}/suggestions/used",
        status_code=HTTPStatus.ACCEPTED,
        response_model=UseAnswer,
        responses={**problems(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN), **INVALID_OR_AWAY},
    )
    async def used(
        asked: UseRequest, request: Request, ticket_id: TicketId, tenant: TenantName = "default"
    ) -> Response:
        """Say that a suggestion was used for a ticket, or is of no use: 202 once that is in the event log. Sent again,
        it counts once; of what one says later the last holds.
        """
        by = principal_of(request)
        detail = f"{asked.outcome} {asked.suggested} {asked.id}"
        tell(request.scope, target=ticket_id, detail=detail, tenant=tenant)
        if writer is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "this page has no event log to keep this in")
        use = SuggestionUse(
            use_id=use_id(tenant, ticket_id, asked.suggested, asked.id, by.name),
            tenant=tenant,
            ticket_id=ticket_id,
            suggested=asked.suggested,
            suggestion=asked.id,
            outcome=asked.outcome,
            used_by=by.name,
            token_id=by.token_id,
            used_at=now(),
        )
        try:
            await writer.send(ticket_key(tenant, ticket_id), encode_use(use))
        except NotAcknowledged as error:
            said = f"the event log did not acknowledge it: {error}. Send it again: it counts once"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, said, RETRY_AFTER)
        answer = UseAnswer.model_validate({"use_id": use.use_id})
        return Response(answer.model_dump_json(), HTTPStatus.ACCEPTED, NOT_KEPT, "application/json")

    @api.get("/suggestions/stats", response_model=Stats, responses=INVALID_OR_AWAY)
    async def stats(tenant: TenantName = "default", days: Days = 30) -> Response:
        """How often each suggestion was used or dismissed, and what became of automatic answers."""
        found = await database.ask(partial(_stats, tenant, days, now))
        return Response(found.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    return api


def _stats(tenant: str, days: int, now: Callable[[], datetime], client: Client) -> Stats:
    return read_stats(client, tenant, days, now())
