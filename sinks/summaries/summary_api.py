"""/api/v1/tickets/{ticket_id}/summary: written when somebody asks for it, and only then."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from schemas.events import MAX_ID_CHARS
from sinks.dashboard.conversations import StoredConversation, StoredMessage, read_conversation
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import problem
from sinks.openapi import problems
from sinks.summaries.extractive import Told, extract
from sinks.summaries.writing import NotWritten, Parts, Said, Writer, Written

#: The newest events of a ticket that a summary is of.
MESSAGES: Final = 50
LOCAL: Final = "local"

TicketId = Annotated[str, Path(min_length=1, max_length=MAX_ID_CHARS, description="Which ticket.")]
By = Annotated[
    Literal["any", "local"],
    Query(description="`local`: the sentences that tell most, without a language model, also where one is set up."),
]


class Summary(BaseModel):
    """Where a conversation stands. Plain text; what nobody spoke of is empty.

    `written_by` is a model's name, or `local` for sentences of the messages, word for word. Then `fallback` says why no
    model wrote it: `disabled`, `budget`, `timeout`, `refused` …, and `detail` says more; null where nobody wanted one.
    """

    model_config = ConfigDict(frozen=True)

    tenant: str
    ticket_id: str
    written_by: str
    fallback: str | None
    detail: str
    problem: str
    tried: str
    wants: str
    next_step: str
    messages: int
    left_out: int


def summary_api(database: Database, writer: Writer | None) -> APIRouter:
    """The route. Without a `writer` no language model is set up."""
    api = APIRouter(prefix="/api/v1")

    @api.get(
        "/tickets/{ticket_id:any_text}/summary",
        response_model=Summary,
        responses={**problems(HTTPStatus.NOT_FOUND), **INVALID_OR_AWAY},
    )
    async def summary(ticket_id: TicketId, tenant: TenantName = "default", by: By = "any") -> Response:
        """What is wrong, what was tried, what is wanted, and what comes next: of a ticket's newest 50 events.

        A language model writes it where one is set up for the tenant, within its budget of the day, after personal data
        was taken out; else the sentences that tell most are picked from the messages.
        """
        found = await database.ask(partial(_conversation, tenant, ticket_id))
        if found is None:
            return problem(HTTPStatus.NOT_FOUND, f"no event of ticket {ticket_id!r} of tenant {tenant!r} is stored")
        answer = await _summary_of(found, by, writer)
        return Response(answer.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    return api


async def _summary_of(found: StoredConversation, by: str, writer: Writer | None) -> Summary:
    spoken = [each for each in found.messages if each.text.strip()]
    written: Written | NotWritten | None = None
    if by != LOCAL:
        written = NotWritten("disabled", "no language model is set up")
        if writer is not None and spoken:
            written = await writer.write(found.tenant, [Said(_voice(each), each.text) for each in spoken])
        elif writer is not None:
            written = NotWritten("no_words", "nobody said anything")
    parts = written.parts if isinstance(written, Written) else extract([_told(each) for each in spoken])
    return _shown(found, parts, written, len(spoken))


def _shown(found: StoredConversation, parts: Parts, written: Written | NotWritten | None, messages: int) -> Summary:
    failed = written if isinstance(written, NotWritten) else None
    return Summary(
        tenant=found.tenant,
        ticket_id=found.ticket_id,
        written_by=written.model if isinstance(written, Written) else LOCAL,
        fallback=failed.reason if failed else None,
        detail=failed.detail if failed else "",
        **parts._asdict(),
        messages=messages,
        left_out=found.left_out,
    )


def _told(message: StoredMessage) -> Told:
    return Told(_voice(message), message.text, [(reason.term, reason.points) for reason in message.reasons])


def _voice(message: StoredMessage) -> Literal["agent", "customer"]:
    return "agent" if message.voice == "agent" else "customer"


def _conversation(tenant: str, ticket: str, client: Client) -> StoredConversation | None:
    return read_conversation(client, tenant, ticket, MESSAGES)
