"""A place in a list that is read newest first, as a text that means nothing to who gets it."""

import base64
import binascii
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import Query
from starlette.exceptions import HTTPException

from sinks.columns import INT64

MAX_ROWS: Final = 200

Cursor = Annotated[
    str | None, Query(max_length=120, description="`next` of the answer before; without it, the newest.")
]
Rows = Annotated[int, Query(ge=1, le=MAX_ROWS, description="How many at most.")]


class Place(NamedTuple):
    """Behind the entry of this time (milliseconds since 1970) and id."""

    milliseconds: int
    id: UUID

    @property
    def cursor(self) -> str:
        """As a text."""
        return base64.urlsafe_b64encode(f"{self.milliseconds}/{self.id}".encode()).decode().rstrip("=")


def place_of(cursor: str | None, latest: datetime) -> Place:
    """The place of a cursor; of none, before the newest there can be. Raises HTTPException: 422."""
    if cursor is None:
        return Place(int(latest.timestamp() * 1000), UUID(int=(1 << 128) - 1))
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, _, identity = base64.b64decode(padded, b"-_", validate=True).decode().partition("/")
        place = Place(int(moment), UUID(identity))
        if not 0 <= place.milliseconds < INT64:
            raise ValueError
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "cursor: not one that an answer gave: begin again without it"
        ) from None
    return place
