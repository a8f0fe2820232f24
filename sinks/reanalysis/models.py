"""What goes in and out of the routes of re-analysis."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import MAX_ID_CHARS, Channel, Status
from schemas.scored import Label

MAX_IDS = 10_000
MAX_TICKETS = 100_000
MAX_BULK = 100
State = Literal["running", "stopped", "failed", "done"]
TicketId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]


class ReanalysisRequest(BaseModel):
    """Which tickets: by ids, by status and limit, by time, or everything of the tenant."""

    model_config = ConfigDict(extra="forbid")

    ticket_ids: Annotated[list[TicketId], Field(max_length=MAX_IDS)] = []
    status: Status | None = Field(None, description="Tickets that stand so; 100 of them unless limit says otherwise.")
    limit: int | None = Field(None, ge=1, le=MAX_TICKETS, description="At most so many, those with the newest events.")
    since: AwareDatetime | None = Field(None, description="Events that happened from then on.")
    until: AwareDatetime | None = Field(None, description="Events that happened before then.")
    channel: Channel | None = None
    everything: bool = False
    escalate: bool = Field(False, description="Ask for an escalation where the new scores call for one.")
    resume: str | None = Field(None, description="Go on with this run instead.")


class ReanalysisRun(BaseModel):
    """How a run stands. `progress` is the share of its events that are done, 0 to 1."""

    id: str
    tenant: str
    asked: dict[str, Any]
    epoch: int = Field(description="The model epoch of the new rows.")
    scorer: str
    state: State
    error: str
    tickets: int
    events: int
    done: int
    relabelled: int = Field(description="Events whose label or category is another now.")
    unscored: int
    windows: int = Field(description="Windows stored anew.")
    escalations: int = Field(description="Escalations asked for.")
    progress: float
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class ReanalysisRuns(BaseModel):
    """The newest runs first."""

    runs: list[ReanalysisRun]


class HelpdeskRequest(BaseModel):
    """One ticket, or several by ids, or those of a status."""

    ticket_id: TicketId | None = None
    ticket_ids: Annotated[list[TicketId], Field(max_length=MAX_BULK)] = []
    status: Status | None = None
    limit: int = Field(MAX_BULK, ge=1, le=MAX_BULK)


class HelpdeskResult(BaseModel):
    """The last text of a ticket's customer, as it is scored now."""

    ticket_id: str
    sentiment_score: float | None
    sentiment_label: Label | Literal["unset"]
    previous_label: Label | Literal["unset"] | None = None


class HelpdeskAnswer(BaseModel):
    """What was analysed again; `status` is `running` when it takes longer than a request should."""

    status: Literal["success", "running"]
    message: str
    run_id: str
    total: int
    analyzed: int
    failed: int
    results: list[HelpdeskResult]
