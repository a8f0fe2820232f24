"""Where a list goes on: opaque to whoever asks, and the same place however many rows came since."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sinks.analytics.facts import milliseconds
from sinks.analytics.selection import EARLIEST, LATEST

Key = Sequence[int | str]


class InvalidCursor(ValueError):
    """A cursor that no answer of this list has given."""

    def __init__(self) -> None:
        super().__init__("not a cursor of this list: take next_cursor of the page before as it is, with the same sort")


class Place(NamedTuple):
    """The span that was asked for at first, and the sort key of the last row."""

    since: datetime
    until: datetime
    last: Key


def write_cursor(order: str, place: Place) -> str:
    """As letters that an address may have. `order` names the list and its sort."""
    body = [order, milliseconds(place.since), milliseconds(place.until), list(place.last)]
    return base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(order: str, cursor: str, kinds: tuple[type, ...]) -> Place:
    """The place. `kinds` are the types of the sort key's parts. Raises InvalidCursor."""
    try:
        named, since, until, last = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        )
        is_known = named == order and [type(part) for part in (since, until, *last)] == [int, int, *kinds]
        place = Place(_moment(since), _moment(until), tuple(last)) if is_known else None
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise InvalidCursor from error
    if place is None or not EARLIEST <= place.since < place.until <= LATEST or not _fits(place.last):
        raise InvalidCursor
    return place


def _fits(last: Key) -> bool:
    # What the database takes as a text, and as a number.
    return all(_is_text(part) if isinstance(part, str) else abs(part) < 2**63 for part in last)


def _is_text(part: str) -> bool:
    """Whether it is without halves of characters, which JSON may have and UTF-8 does not."""
    return not any("\ud800" <= each <= "\udfff" for each in part)


def _moment(value: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
