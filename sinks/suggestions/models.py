"""Suggestions as the API has them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.events import MAX_ID_CHARS
from schemas.suggestions import Outcome, Suggested


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class SuggestedDraft(_Part):
    """An answer to begin with, as plain text. `reason` says why this one; `tied` are others that fit as well."""

    id: str
    title: str
    text: str
    reason: str
    tied: list[str]


class SuggestedArticle(_Part):
    """The section of a help article that answers most of what the customer wrote: `share`, 0 to 1.

    `html` has no markup but what Markdown makes: text that is written as HTML is shown as it is written. Empty where
    the section is very long.
    """

    id: str
    title: str
    url: str
    category: str
    heading: str
    text: str
    html: str
    share: float
    reason: str


class SimilarTicket(_Part):
    """A ticket of the same tenant that was resolved. `answer` begins an agent's last words in it."""

    ticket_id: str
    category: str
    excerpt: str
    answer: str
    resolution_notes: str
    opened_at: datetime
    resolved_at: datetime
    took_seconds: float
    share: float
    reason: str


class Suggestions(_Part):
    """What may help to answer a ticket, the best first. `language` is the customer's, null where it is not known.
    `missing` says what could not be looked for, and why.
    """

    tenant: str
    ticket_id: str
    language: str | None
    draft: SuggestedDraft | None
    articles: list[SuggestedArticle]
    similar: list[SimilarTicket]
    missing: list[str]


class UseRequest(BaseModel):
    """What became of one of the suggestions for a ticket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suggested: Suggested
    id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]
    outcome: Outcome = "used"


class UseAnswer(BaseModel):
    """It is in the event log; a second or two later it counts."""

    use_id: UUID
    state: Literal["recorded"] = "recorded"


class Acceptance(_Part):
    """How often a suggestion was used, of those who said something about it. `share` is 0 to 1."""

    suggested: str
    id: str
    used: int
    dismissed: int
    share: float


class Answers(_Part):
    """Automatic answers by what became of them: `sent`, `failed`, `suppressed` with the reason, `pending`."""

    state: str
    reason: str
    tickets: int


class Stats(_Part):
    """Of the last `days` days; the most used first."""

    tenant: str
    days: int
    suggestions: list[Acceptance]
    automatic: list[Answers] = Field(description="Of automatic answers, docs/suggestions.md.")
