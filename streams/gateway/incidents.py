"""POST /api/incidents: a customer reports an incident, and is told its ticket and what it is about."""

from functools import cache
from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from schemas.events import MAX_ID_CHARS, Channel, Status
from streams.gateway.answers import Awaited
from streams.gateway.body import json_route
from streams.gateway.recording import ERRORS, From, Recorder, decided
from streams.scoring.clean import clean
from streams.scoring.readers.incident import Classification, PhraseClassifier
from streams.scoring.words import words_of

PATH: Final = "/api/incidents"
MESSAGE_CHARS: Final = 100_000

Text = Annotated[str, Field(min_length=1, max_length=MESSAGE_CHARS)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)]
Incident = Literal[
    "duplicate_payment",
    "failed_payment",
    "fraud_report",
    "refund_request",
    "account_locked",
    "statement_error",
    "other",
]


class IncidentReport(BaseModel):
    """What happened to whom. Fields that are not listed survive in the event's metadata."""

    model_config = ConfigDict(extra="allow", frozen=True)

    customer_id: Id
    channel: Channel = "web"
    message: Text
    email: Email | None = None


class IncidentAnswer(BaseModel):
    """`status` is the ticket's, or `pending` when the pipeline has not told it in time: the incident is recorded then
    too. `confidence`, 0 to 1, is that of `classification`. `message` is for the customer.
    """

    incident_id: UUID
    ticket_id: str
    status: Status | Literal["pending"]
    classification: Incident
    confidence: float = Field(ge=0, le=1)
    message: str


def incidents(recorder: Recorder) -> APIRouter:
    """The interface."""
    router = APIRouter(route_class=json_route(recorder.limits))
    classifier = _classifier()

    @router.post(PATH, status_code=HTTPStatus.CREATED, responses=ERRORS)
    async def post_incident(report: IncidentReport, sender: From) -> IncidentAnswer:
        """Open a ticket for an incident: once it is in the event log, what it is about and how its ticket stands."""
        incident = sender.event_id(PATH)
        event = {
            "event_id": str(incident),
            "tenant": sender.tenant,
            "ticket_id": ticket_of(incident),
            "type": "created",
            "channel": report.channel,
            "customer_id": report.customer_id,
            "email": report.email,
            "text": report.message,
            "metadata": report.model_extra or {},
        }
        heard = await recorder.record(event, decided)
        return _answer(incident, _classify(classifier, report.message), heard)

    return router


@cache
def _classifier() -> PhraseClassifier:
    """Made once: its phrases take a tenth of a second to prepare."""
    return PhraseClassifier()


def ticket_of(incident: UUID) -> str:
    """The ticket of a request that names none: 64 bits of its id, so that no two requests share one."""
    return f"TKT-{incident.hex[:16]}"


def _classify(classifier: PhraseClassifier, message: str) -> Classification:
    text = clean(message).text
    return classifier.classify(text, words_of(text))


def _answer(incident: UUID, about: Classification, heard: Awaited) -> IncidentAnswer:
    ticket = ticket_of(incident)
    known = heard.state
    escalated = heard.escalation
    return IncidentAnswer.model_validate(
        {
            "incident_id": incident,
            "ticket_id": ticket,
            "status": known.status if known else "pending",
            "classification": about.category,
            "confidence": about.confidence,
            "message": (escalated.reply if escalated else known.reply if known else None)
            or f"We have received your report. Your ticket is {ticket}.",
        }
    )
