"""Which dead letters are meant: by what failed where, whose it is, when, and which record it was. Pure."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from schemas.deadletters import DeadLetter
from schemas.events import TicketEvent

_ANY_TENANT = next(field.default for field in msgspec.structs.fields(TicketEvent) if field.name == "tenant")


class Wanted(NamedTuple):
    """A letter is wanted when it meets everything that is set. `topic`, `partition` and the offsets, both inclusive,
    are those of the record that failed; `since` is inclusive, `until` is not.
    """

    stage: str | None = None
    reason: str | None = None
    tenant: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    topic: str | None = None
    partition: int | None = None
    first_offset: int | None = None
    last_offset: int | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether the letter is one of them."""
        return (
            self.stage in (None, letter.stage)
            and self.reason in (None, letter.reason)
            and self.topic in (None, letter.topic)
            and self.partition in (None, letter.partition)
            and (self.first_offset is None or self.first_offset <= letter.offset)
            and (self.last_offset is None or letter.offset <= self.last_offset)
            and (self.since is None or self.since <= letter.failed_at)
            and (self.until is None or letter.failed_at < self.until)
            and (self.tenant is None or self.tenant == tenant_of(letter))
        )


def tenant_of(letter: DeadLetter) -> str | None:
    """Whose record it is: what its JSON says, or the data of its CloudEvent; the default where the JSON is an object
    that names none. None when the bytes are no JSON object.
    """
    try:
        told: Any = msgspec.json.decode(letter.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    data = told.get("data") if "specversion" in told else told
    tenant = (data if isinstance(data, dict) else told).get("tenant", _ANY_TENANT)
    return tenant if isinstance(tenant, str) else None
