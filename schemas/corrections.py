"""Corrections: what people say of a message, against what was read in it. On `tickets.corrections.v1`, keyed as scored
events are.
"""

import uuid
from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec

# A namespace of our own, so that what is sent again has the id that it had.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "corrections.ticketpulse")

Field = Literal["label", "category"]
FIELDS: tuple[Field, ...] = get_args(Field)
MAX_NOTE_CHARS = 1_000
CATEGORY_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"

Note = Annotated[str, msgspec.Meta(max_length=MAX_NOTE_CHARS)]


class Correction(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody says that a field of a message is `new`, not `old`. `corrected_at` is UTC.

    `old` is what it was then: what was read in the message, or what an earlier correction says; empty for a message
    that has no label. `corrected_by` is the name of the token with which it came, `token_id` its id: empty where no
    tokens are asked for. `scorer` and `model_epoch` are those that had read the message.
    """

    correction_id: str
    tenant: str
    ticket_id: str
    event_id: str
    field: Field
    old: str
    new: str
    note: Note = ""
    corrected_by: str
    token_id: str = ""
    corrected_at: datetime
    scorer: str = ""
    model_epoch: int = 0


def correction_id(tenant: str, ticket_id: str, event_id: str, field: Field, new: str, by: str, key: str) -> str:
    """uuid5 of what is corrected to what by whom: the same again is the same correction. `key` tells apart what is
    meant to be two: an Idempotency-Key, or the id of the correction that stood before.
    """
    parts = (tenant, ticket_id, event_id, field, new, by, key)
    return str(uuid.uuid5(NAMESPACE, msgspec.json.encode(parts).decode()))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Correction)


def encode_correction(correction: Correction) -> bytes:
    """JSON."""
    return _encoder.encode(correction)


def decode_correction(value: bytes) -> Correction:
    """Read what `encode_correction` wrote."""
    return _decoder.decode(value)
