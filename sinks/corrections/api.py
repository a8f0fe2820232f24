"""/api/v1/corrections: what people say of a message is recorded, and shown again."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from schemas.events import LATEST, MAX_ID_CHARS
from sinks.access.audit import tell
from sinks.access.principals import principal_of
from sinks.corrections.deciding import Changed, Known
from sinks.corrections.models import CorrectionAnswer, CorrectionRequest, Corrections
from sinks.corrections.reading import read_corrections
from sinks.corrections.recording import Corrector, NoMessage
from sinks.dashboard.database import Database
from sinks.dashboard.paging import Cursor, Place, Rows, place_of
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import problem
from sinks.openapi import problems
from sinks.record_writer import NotAcknowledged, RecordWriter

PATH: Final = "/corrections"
RETRY_AFTER: Final = {"Retry-After": "2"}

OfTicket = Annotated[
    str | None, Query(min_length=1, max_length=MAX_ID_CHARS, description="Which ticket; without it, of all.")
]
# Named here as well as in the body: a token's own tenant is filled in as a parameter.
Tenant = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="Whose tickets.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=256,
        description="The same key is the same correction: sent again, it changes nothing and is answered again.",
    ),
]


def corrections_api(database: Database, now: Callable[[], datetime], writer: RecordWriter | None) -> APIRouter:
    """The routes. Without a `writer` there is no log behind the page, and corrections are answered 503."""
    api = APIRouter(prefix="/api/v1")
    corrector = None if writer is None else Corrector(database, writer, now)

    @api.post(
        PATH,
        status_code=HTTPStatus.ACCEPTED,
        response_model=CorrectionAnswer,
        responses={
            **problems(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
            **INVALID_OR_AWAY,
        },
    )
    async def correct(asked: CorrectionRequest, request: Request, tenant: Tenant = None, key: Key = None) -> Response:
        """Correct the label or the category of a message: 202 once the correction is in the event log.

        409 when the message is not what `old` says; `now` in the answer is what it is. Scores, windows and escalations
        stay as they are.
        """
        by = principal_of(request)
        change = f"{asked.field} {asked.old or 'none'} -> {asked.new}"
        tell(
            request.scope,
            target=f"{asked.ticket_id}/event {asked.event_id}",
            detail=change,
            tenant=tenant or asked.tenant,
        )
        whose = tenant or asked.tenant or "default"
        if asked.tenant not in (None, whose):
            # A token's own tenant was filled in, or two were given.
            status = HTTPStatus.UNPROCESSABLE_ENTITY if by.tenant is None else HTTPStatus.FORBIDDEN
            return problem(status, f"tenant: {asked.tenant!r} in the body, {whose!r} in the request")
        if corrector is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "this page has no event log to keep corrections in")
        try:
            found = await corrector.record(asked, whose, by, key)
        except NoMessage as error:
            return problem(HTTPStatus.NOT_FOUND, str(error))
        except NotAcknowledged as error:
            detail = f"the event log did not acknowledge the correction: {error}. Send it again: it counts once"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, RETRY_AFTER)
        if isinstance(found, Changed):
            return _conflict(asked, found)
        answer = CorrectionAnswer.model_validate(
            {"correction_id": found.correction_id, "state": "known" if isinstance(found, Known) else "recorded"}
        )
        return Response(answer.model_dump_json(), HTTPStatus.ACCEPTED, NOT_KEPT, "application/json")

    @api.get(PATH, response_model=Corrections, responses=INVALID_OR_AWAY)
    async def corrections(
        tenant: TenantName = "default", ticket_id: OfTicket = None, limit: Rows = 50, cursor: Cursor = None
    ) -> Response:
        """What was corrected, the newest first; a second or two behind."""
        question = partial(_read, tenant, ticket_id, limit, place_of(cursor, LATEST))
        found = await database.ask(question)
        return Response(found.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    return api


def _read(tenant: str, ticket: str | None, rows: int, after: Place, client: Client) -> Corrections:
    return read_corrections(client, tenant, ticket, rows, after)


def _conflict(asked: CorrectionRequest, found: Changed) -> Response:
    is_now = found.now or "without one"
    return problem(
        HTTPStatus.CONFLICT,
        f"the {asked.field} of event {asked.event_id!r} is {is_now} now, not {asked.old or 'without one'}: look again",
        now=found.now or None,
    )
