"""Reading of other people's JSON: what is not as it is described is taken for missing, never an error."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from schemas.rejections import Reason, Rejected

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "webhooks.ticketpulse")
MAX_SUBJECT: Final = 1_000

Json = Mapping[str, Any]
# A ticket event's fields, as they would stand in JSON.
Fields = dict[str, Any]


class Read(NamedTuple):
    """What a webhook says: events, or why it says none that we take (`passed_over`)."""

    events: list[Fields]
    passed_over: str | None = None


def passed_over(why: str) -> Read:
    """Nothing for us."""
    return Read([], why)


def missing(field: str, wanted: str) -> Rejected:
    """What makes it unreadable."""
    return Rejected(Reason.INVALID, field, f"required: {wanted}")


def part(data: Json, *names: str) -> Json:
    """The object in an object, by the names on the way to it; an empty one if it is not there."""
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(data: Json, *names: str) -> str:
    """A text or a whole number as text, by the names on the way to it; "" if it is not there."""
    value = part(data, *names[:-1]).get(names[-1])
    if isinstance(value, bool):
        return ""
    return str(value).strip() if isinstance(value, str | int) else ""


def moment(value: object) -> str | None:
    """A time as RFC 3339 with an offset, of what vendors write: RFC 3339 (some without the colon of the offset, some
    with "UTC" behind), or Unix seconds or milliseconds. None for anything else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1_000 if abs(value) > 100_000_000_000 else value
        try:
            return datetime.fromtimestamp(seconds, UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            return None
    if not isinstance(value, str):
        return None
    written = value.strip()
    if written.isascii() and written.isdigit():
        return moment(int(written[:16]))
    try:
        found = datetime.fromisoformat(written.replace(" UTC", "+00:00").replace(" +", "+"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def id_of(vendor: str, tenant: str, *what: object) -> str:
    """An event's id: the same for the same thing of the same vendor and tenant."""
    return str(uuid.uuid5(NAMESPACE, "/".join([vendor, tenant, *map(str, what)])))


def digest_of(data: Json) -> str:
    """For what has no id: the same for the same content."""
    return hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest()


def filled(fields: Fields) -> Fields:
    """Without what is not known."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def names_and_sizes(attachments: object, name: str, size: str, kind: str) -> list[Fields]:
    """What is attached, without addresses and contents."""
    listed = attachments if isinstance(attachments, list) else []
    found = [each for each in listed[:100] if isinstance(each, Mapping)]
    return [filled({"name": text(each, name), "size": text(each, size), "type": text(each, kind)}) for each in found]
