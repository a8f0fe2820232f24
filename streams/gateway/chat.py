"""POST /api/chat/messages: a message of a chat session is recorded, and how the conversation stands is told."""

from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from schemas.events import Channel, Priority, Status
from schemas.scored import Label
from sinks.access.limits import Limiter
from sinks.openapi import problems
from streams.gateway.body import json_route
from streams.gateway.incidents import Email, Id, Text
from streams.gateway.problems import Problem
from streams.gateway.recording import ERRORS, From, Recorder, decided

PATH: Final = "/api/chat/messages"

Session = Annotated[str, Field(min_length=1, max_length=200)]


class ChatMessage(BaseModel):
    """What was said in which session. Fields that are not listed survive in the event's metadata.

    The conversation's ticket is `ticket_id` if it is given, else `<channel>-<session_id>`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    session_id: Session
    message: Text
    role: Literal["user", "assistant"] = "user"
    user_id: Id | None = None
    email: Email | None = None
    channel: Channel = "chat"
    ticket_id: Id | None = None


class Recorded(BaseModel):
    """The message is in the event log; how the conversation stands is not known yet."""

    state: Literal["pending"] = "pending"
    event_id: UUID
    session_id: str
    ticket_id: str


class ChatState(BaseModel):
    """How the conversation stands after the message. `signals` counts those of this session that the policy heeds.

    `score` is the message's, 0 to 10, null for what was not scored. `ticket_number` is the escalation's; null if there
    is none, or for the moment until it is given.
    """

    state: Literal["known"] = "known"
    event_id: UUID
    session_id: str
    ticket_id: str
    status: Status
    priority: Priority
    score: float | None
    label: Label | None
    category: str
    signals: dict[str, int]
    customer_messages: int
    escalated: bool
    escalation_id: UUID | None
    ticket_number: str | None


def chat(recorder: Recorder, limiter: Limiter) -> APIRouter:
    """The interface. What one user says is counted by the `limiter`."""
    router = APIRouter(route_class=json_route(recorder.limits))
    pending = {"model": Recorded, "description": "Recorded; the pipeline has not answered yet."}

    errors = {**ERRORS, **problems(HTTPStatus.TOO_MANY_REQUESTS)}

    @router.post(PATH, response_model=ChatState, responses={202: pending, **errors})
    async def post_message(said: ChatMessage, sender: From, response: Response) -> ChatState | Response:
        """Record a message: once it is in the event log, the conversation as it stands with this message.

        202 when that is not known in time; the message counts nevertheless. 429 for more messages of one user in a
        minute than are allowed, 60 unless set otherwise.
        """
        if said.role == "user":
            _count(limiter, sender.tenant, said.user_id or said.session_id)
        event_id = sender.event_id(PATH)
        ticket = said.ticket_id or recorder.ticket_id(sender.tenant, said.channel, "session_id", said.session_id)
        event = {
            "event_id": str(event_id),
            "tenant": sender.tenant,
            "ticket_id": ticket,
            "type": "message",
            "channel": said.channel,
            "author": "bot" if said.role == "assistant" else None,
            "customer_id": said.user_id,
            "email": said.email,
            "session_id": said.session_id,
            "text": said.message,
            "metadata": said.model_extra or {},
        }
        heard = await recorder.record(event, decided)
        known = heard.state
        if known is None:
            waiting = Recorded(event_id=event_id, session_id=said.session_id, ticket_id=ticket)
            return Response(waiting.model_dump_json(), HTTPStatus.ACCEPTED, media_type="application/json")
        return ChatState(
            event_id=event_id,
            session_id=said.session_id,
            ticket_id=ticket,
            status=known.status,
            priority=known.priority,
            score=known.score,
            label=known.label,
            category=known.category,
            signals=known.heard,
            customer_messages=known.customer_messages,
            escalated=known.escalated,
            escalation_id=UUID(known.escalation_id) if known.escalation_id else None,
            ticket_number=heard.number,
        )

    return router


def _count(limiter: Limiter, tenant: str, user: str) -> None:
    counted = limiter.message(tenant, user)
    if counted is not None and not counted.passed:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"one user may send {counted.most} messages in {counted.window} seconds: try again in {counted.seconds}",
            headers=counted.headers,
        )
