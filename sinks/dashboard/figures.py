"""What the page shows, as it travels in JSON: times are RFC 3339 in UTC, a ratio is None where its denominator is 0."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from schemas.scored import Label


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Counts(_Figures):
    """Sums over windows. The five labels add up to `scored`; shares are 0 to 1 of `scored`, `score_avg` is 0 to 10."""

    events: int = 0
    scored: int = 0
    very_negative: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    very_positive: int = 0
    escalations: int = 0
    resolved: int = 0
    negative_share: float | None = None
    escalation_rate: float | None = None
    score_avg: float | None = None


class Minute(Counts):
    """One window of a minute over everything. While it is not `final` its counts may still rise."""

    start: datetime
    final: bool


class Group(Counts):
    """One value of a dimension (channel, category, priority) over the whole span."""

    value: str


class WorstTicket(_Figures):
    """The lowest-scored message that a customer wrote in one ticket. `excerpt` is its first characters."""

    ticket_id: str
    event_id: str
    channel: str
    category: str
    priority: str
    occurred_at: datetime
    score: float
    label: Label
    excerpt: str


class NewestEscalation(_Figures):
    """A ticket that a person must look at, and the reason in words. `number` is empty until there is one; `score` is
    None where no text was the cause. `agent` has the ticket, or had it last; empty where it was given to nobody.
    """

    escalation_id: str
    number: str
    ticket_id: str
    channel: str
    category: str
    priority: str
    rule: str
    reason: str
    state: str
    agent: str
    occurred_at: datetime
    score: float | None
    excerpt: str


class ReasonCount(_Figures):
    """How many records could not be processed for one reason."""

    reason: str
    count: int


class Yesterday(Counts):
    """The whole minutes of the span, a day earlier: from `since` to before `until`."""

    since: datetime
    until: datetime


class Pipeline(_Figures):
    """The state of the flow. Dead letters that name no tenant are of `default`, as events are."""

    stored: int
    scored: int
    newest_event_at: datetime | None
    newest_event_age: float | None
    dead_letters: list[ReasonCount]


class Live(_Figures):
    """Everything on the page for one tenant and the span from `since` to before `until`, read at `generated_at`."""

    tenant: str
    minutes: int
    since: datetime
    until: datetime
    generated_at: datetime
    totals: Counts
    latest: Counts
    yesterday: Yesterday
    series: list[Minute]
    channels: list[Group]
    categories: list[Group]
    priorities: list[Group]
    worst: list[WorstTicket]
    escalations: list[NewestEscalation]
    pipeline: Pipeline
