"""Predictions as they travel in JSON: times are RFC 3339 in UTC."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from schemas.predictions import Kind


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Reason(_Part):
    """A fact, what it is, and how much it weighs: log-odds for a risk, points for a rating, hours for a similar ticket,
    a part of the sum for the formula.
    """

    fact: str
    value: str
    weight: float


class Foretold(_Part):
    """A value between bounds that hold 80 %; null where none are known. `model` is null where no model is in force.
    `passed`: it is no prediction, the target has passed already.
    """

    value: float
    low: float | None
    high: float | None
    model: str | None
    basis: str
    because: list[Reason]
    passed: bool


class TicketPredictions(_Part):
    """What is expected of a ticket by what was known at `as_of`; null for one that was never foretold. With `ended` it
    is resolved or closed, and nothing is expected. Null is what does not apply any more, or what nothing is known of.
    """

    tenant: str
    ticket_id: str
    as_of: datetime | None
    predicted_at: datetime | None
    ended: bool
    escalation: Foretold | None = Field(None, description="The chance that it escalates within three days.")
    resolution: Foretold | None = Field(None, description="Seconds from as_of until it is resolved, the median.")
    reply_breach: Foretold | None = Field(None, description="The chance that the first reply comes after its target.")
    resolution_breach: Foretold | None = Field(None, description="The chance that it is resolved after its target.")
    satisfaction: Foretold | None = Field(None, description="The rating of 1 to 5 to expect, if it is rated.")


class RankedPrediction(Foretold):
    """What is expected of one open ticket."""

    ticket_id: str
    as_of: datetime
    channel: str
    category: str
    priority: str
    conversation_url: str


class LiveScore(_Part):
    """How predictions of escalations have done whose three days are over: `brier` is the mean squared error, `skill`
    over the share that happened (null where all or none did). `model` is null for the baseline.
    """

    model: str | None
    judged: int
    tickets: int
    brier: float
    skill: float | None
    foretold: float
    observed: float


class Ranking(_Part):
    """Open tickets by what is expected of them. `live` is of escalations only, and at most a minute old."""

    tenant: str
    kind: Kind
    predictions: list[RankedPrediction]
    live: list[LiveScore]
    next_cursor: str | None
