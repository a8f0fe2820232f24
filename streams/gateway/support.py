"""POST /api/support/escalate: a bot hands a conversation over to a person."""

import hmac
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from schemas.events import Priority, Status
from sinks.openapi import problems
from streams.gateway.answers import Awaited
from streams.gateway.body import json_route
from streams.gateway.incidents import MESSAGE_CHARS, Id, Text, ticket_of
from streams.gateway.problems import Problem, refuse_other
from streams.gateway.recording import ERRORS, From, Recorder

PATH: Final = "/api/support/escalate"
TOKEN_HEADER: Final = "X-Service-Token"  # noqa: S105 - the header's name
SETTING: Final = "TICKETPULSE_SERVICE_TOKEN"
URGENT_SECONDS, OTHER_SECONDS = 900, 3600

SourceType = Literal["whatsapp", "web", "email", "chat", "phone"]
Line = Annotated[str, Field(max_length=10_000)]
Reference = Annotated[str, Field(min_length=1, max_length=200)]


class Said(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="allow", frozen=True)

    speaker: str = Field("customer", validation_alias=AliasChoices("speaker", "role", "sender", "from"), max_length=40)
    text: str = Field(validation_alias=AliasChoices("text", "content", "message"), max_length=10_000)


class Handover(BaseModel):
    """What the bot knows of the conversation."""

    model_config = ConfigDict(extra="allow", frozen=True)

    conversation_summary: str | None = Field(None, max_length=MESSAGE_CHARS)
    conversation_history: list[Said | Line] = Field(
        [], max_length=1_000, description="Oldest first: texts, or objects with a speaker and a text."
    )
    keywords_detected: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=200)
    bot_confidence: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    # Carried along: what the pipeline goes by is when it was asked.
    escalation_timestamp: str | None = Field(None, max_length=64)


class EscalationRequest(BaseModel):
    """Who needs a person, and why. Fields that are not listed survive in the event's metadata.

    The conversation is `ticket_id` if it is given, else `<source_type>-<source_reference_id>`, else one of its own.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    customer_id: Id
    source_type: SourceType = "web"
    source_reference_id: Reference | None = None
    source_phone_number: str | None = Field(None, max_length=40)
    subject: str | None = Field(None, max_length=1_000)
    escalation_reason: Text
    escalation_category: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    priority: Priority | None = None
    status: Status | None = None
    bot_detected_sentiment: Literal["angry", "negative", "neutral", "positive", "confused"] | None = None
    customer_journey_stage: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    metadata: Handover = Handover()
    ticket_id: Id | None = None


class EscalationAnswer(BaseModel):
    """`message` is for the customer. `assigned_to` is the queue that the policy names, if it names one."""

    success: Literal[True] = True
    ticket_id: str
    ticket_number: str | None = Field(pattern=r"^TKT-\d{4}-\d{4,}$", description="Null while it is pending.")
    assigned_to: str | None
    estimated_response_time: str
    message: str


def support(recorder: Recorder, token: SecretStr | None, tenants: Collection[str] = ()) -> APIRouter:
    """The interface. Without a `token` it answers 503. It is for `tenants` only, if there are any."""
    router = APIRouter(route_class=json_route(recorder.limits, _guard(token)))
    errors = {**ERRORS, **problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)}
    pending = {"model": EscalationAnswer, "description": "Recorded; its number is not known yet."}

    # The guard has checked the token before the body was read: this describes it.
    described = Security(APIKeyHeader(name=TOKEN_HEADER, auto_error=False))

    @router.post(PATH, responses={202: pending, **errors}, dependencies=[described])
    async def post_escalation(asked: EscalationRequest, sender: From, response: Response) -> EscalationAnswer:
        """Ask for a person: once it is in the event log, the ticket's number and when somebody will answer.

        A ticket that is escalated already is answered with that escalation. 202 when the number is not known in time.
        """
        refuse_other(sender.tenant, tenants)
        event_id = sender.event_id(PATH)
        event = _event(asked, event_id, sender.tenant, _ticket(asked, event_id, recorder, sender.tenant))
        heard = await recorder.record(event, _numbered)
        if not _numbered(heard):
            response.status_code = HTTPStatus.ACCEPTED
        return _answer(asked, event["ticket_id"], heard)

    return router


def _guard(token: SecretStr | None) -> Callable[[Request], None]:
    def let_pass(request: Request) -> None:
        if token is None:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"no service token is configured, so nobody may ask for escalations: set {SETTING} and start again",
            )
        given = request.headers.get(TOKEN_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, token.get_secret_value().encode()):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                f"{TOKEN_HEADER} is missing or wrong: send the token that {SETTING} has in the gateway",
                headers={"WWW-Authenticate": TOKEN_HEADER},
            )

    return let_pass


def _event(asked: EscalationRequest, event_id: UUID, tenant: str, ticket: str) -> dict[str, Any]:
    """An `escalation_requested` event with everything that was sent, in its own fields or in `metadata`."""
    told = asked.metadata
    return {
        "event_id": str(event_id),
        "tenant": tenant,
        "ticket_id": ticket,
        "type": "escalation_requested",
        "channel": asked.source_type,
        "author": "bot",
        "customer_id": asked.customer_id,
        "subject": asked.subject,
        "text": told.conversation_summary,
        "priority": asked.priority,
        "status": asked.status,
        "journey_stage": asked.customer_journey_stage,
        "phone": asked.source_phone_number,
        "source_type": asked.source_type,
        "source_reference_id": asked.source_reference_id,
        "metadata": {
            **(asked.model_extra or {}),
            # As it was sent: the library's own way refuses what is nested too deeply for it.
            **{name: value for name, value in told if value is not None},
            "conversation_history": [_line(each) for each in told.conversation_history],
            "escalation_reason": asked.escalation_reason,
            "escalation_category": asked.escalation_category,
            "bot_detected_sentiment": asked.bot_detected_sentiment,
        },
    }


def _ticket(asked: EscalationRequest, event_id: UUID, recorder: Recorder, tenant: str) -> str:
    if asked.ticket_id is not None:
        return asked.ticket_id
    if asked.source_reference_id is not None:
        return recorder.ticket_id(tenant, asked.source_type, "source_reference_id", asked.source_reference_id)
    return ticket_of(event_id)


def _line(said: Said | str) -> dict[str, Any]:
    if isinstance(said, Said):
        speaker = _SPEAKERS.get(said.speaker.lower(), said.speaker.lower())
        return {**(said.model_extra or {}), "speaker": speaker, "text": said.text}
    speaker, colon, text = said.partition(":")
    if colon and speaker.strip().lower() in _KNOWN:
        return {"speaker": _SPEAKERS.get(speaker.strip().lower(), speaker.strip().lower()), "text": text.strip()}
    return {"speaker": "customer", "text": said}


_SPEAKERS: Final = {"user": "customer", "assistant": "bot", "human": "customer"}
_KNOWN: Final = {*_SPEAKERS, *_SPEAKERS.values(), "agent", "system"}


def _numbered(heard: Awaited) -> bool:
    return heard.state is not None and heard.number is not None


def _answer(asked: EscalationRequest, ticket: str, heard: Awaited) -> EscalationAnswer:
    known, record = heard.state, heard.escalation
    within = known.respond_within if known else None
    reply = record.reply if record else known.reply if known else None
    return EscalationAnswer(
        ticket_id=ticket,
        ticket_number=heard.number,
        assigned_to=known.queue if known else None,
        estimated_response_time=_in_words(within or (URGENT_SECONDS if asked.priority == "urgent" else OTHER_SECONDS)),
        message=reply or f"Your request is recorded; a colleague will look at it. Your ticket is {ticket}.",
    )


def _in_words(seconds: int) -> str:
    """In the largest unit that it is a whole number of: "15 minutes", "1 hour"."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds} seconds"
