"""Whether a correction is one: of a message that is there, and of what it is now. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.corrections import Correction, correction_id
from sinks.access.principals import Principal
from sinks.corrections.models import CorrectionRequest
from sinks.corrections.reading import StoredReading


class Earlier(NamedTuple):
    """A correction of the same message that was recorded before."""

    correction_id: str
    field: str
    old: str
    new: str
    by: str


class Known(NamedTuple):
    """The same was recorded before."""

    correction_id: str


class Changed(NamedTuple):
    """It is not what the request takes it for, but this; empty for no label."""

    now: str


def decide(
    asked: CorrectionRequest,
    tenant: str,
    by: Principal,
    key: str | None,
    read: StoredReading,
    earlier: Sequence[Earlier],
    at: datetime,
) -> Correction | Known | Changed:
    """The correction to record; or that it is known, or what the message is now.

    `earlier` are those of the message, newest first. `key` is the request's Idempotency-Key: with the same one, the
    same correction is one whatever became of it since. Without a key it is one as long as nothing came after it.
    """
    of_field = [each for each in earlier if each.field == asked.field]
    last = of_field[0] if of_field else None
    old = asked.old or ""

    def named(after: str) -> str:
        return correction_id(tenant, asked.ticket_id, asked.event_id, asked.field, asked.new, by.name, after)

    identity = named(f"key/{key}" if key is not None else f"after/{last.correction_id if last else ''}")
    if any(each.correction_id == identity for each in of_field):
        return Known(identity)
    if key is None and last is not None and (last.old, last.new, last.by) == (old, asked.new, by.name):
        return Known(last.correction_id)
    now = last.new if last else read.values[asked.field]
    if now != old:
        return Changed(now)
    return Correction(
        correction_id=identity,
        tenant=tenant,
        ticket_id=asked.ticket_id,
        event_id=asked.event_id,
        field=asked.field,
        old=old,
        new=asked.new,
        note=asked.note,
        corrected_by=by.name,
        token_id=by.token_id,
        corrected_at=at,
        scorer=read.scorer,
        model_epoch=read.model_epoch,
    )
