"""Assignments as they travel in JSON: times are RFC 3339 in UTC."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from schemas.assignments import Reason, State


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Step(_Part):
    """A change of who has a ticket; `agent` is empty for nobody, and whoever had it last where it is over."""

    at: datetime
    state: State
    reason: Reason
    queue: str
    agent: str
    previous: str


class TicketAssignment(_Part):
    """Who has a ticket; null for one that is not given to agents. `history` are its changes, the newest first, at most
    fifty.
    """

    tenant: str
    ticket_id: str
    state: State | None = None
    reason: Reason | None = None
    queue: str = ""
    agent: str = ""
    since: datetime | None = Field(None, description="When the customer began to wait.")
    at: datetime | None = Field(None, description="When it came to that.")
    history: list[Step] = []


class Assigned(_Part):
    """One ticket of a list."""

    ticket_id: str
    queue: str
    agent: str
    reason: Reason
    channel: str
    category: str
    language: str
    priority: str
    is_escalated: bool
    since: datetime
    at: datetime
    conversation_url: str


class Load(_Part):
    """How many tickets an agent has, those among them too that wait for their customers."""

    agent: str
    tickets: int


class Assignments(_Part):
    """Tickets in a state, those first whose customers have waited longest; how many there are in each state, and how
    many each agent has.
    """

    tenant: str
    state: State
    tickets: list[Assigned]
    states: dict[State, int]
    agents: list[Load]
    next_cursor: str | None
