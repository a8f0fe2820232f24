"""Corrections as the API has them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from schemas.corrections import CATEGORY_PATTERN, MAX_NOTE_CHARS
from schemas.corrections import Field as CorrectedField
from schemas.events import MAX_ID_CHARS
from schemas.scored import LABELS

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS)]
TenantText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS, strip_whitespace=True)]
Value = Annotated[str, StringConstraints(pattern=CATEGORY_PATTERN)]


class CorrectionRequest(BaseModel):
    """What a message is said to be. `old` is what it is shown to be now; null for a message without a label."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: TenantText | None = Field(None, description="As the parameter `tenant`, which may be given instead.")
    ticket_id: Id
    event_id: Id
    field: CorrectedField
    old: Annotated[str, StringConstraints(max_length=MAX_ID_CHARS)] | None
    new: Value = Field(description=f"Of a label one of {', '.join(LABELS)}; a category is a word with underscores.")
    note: Note = ""

    @field_validator("new")
    @classmethod
    def _changes_something(cls, new: str, info: ValidationInfo) -> str:
        if info.data.get("field") == "label" and new not in LABELS:
            raise PydanticCustomError("label", "a label is one of {labels}", {"labels": ", ".join(LABELS)})
        if info.data.get("old") == new:
            raise PydanticCustomError("same", "it is {new} already; a correction changes something", {"new": new})
        return new


class CorrectionAnswer(BaseModel):
    """`recorded`: it is in the event log, and a second or two later in the ticket's record. `known`: the same was
    recorded before, and nothing was written now.
    """

    correction_id: UUID
    state: Literal["recorded", "known"]


class StoredCorrection(BaseModel):
    """One correction. It `stands` while it is the newest of its field of its message."""

    model_config = ConfigDict(frozen=True)

    correction_id: UUID
    ticket_id: str
    event_id: str
    field: CorrectedField
    old: str | None
    new: str
    note: str
    corrected_by: str
    corrected_at: datetime
    stands: bool


class Corrections(BaseModel):
    """The newest first. `next` is the cursor of those after them, null at the end."""

    tenant: str
    corrections: list[StoredCorrection]
    next: str | None
