"""Erasures: who is to be removed, told to every stage, and what each of them removed. On `tickets.erasures.v1`.

Nothing here tells who it is: people and tickets are keyed hashes (`streams/privacy/keys.py`).
"""

from datetime import datetime

import msgspec

# The header of an erasure on the input of a stage: it is none of the topic's own records.
ERASURE_HEADER = "ticketpulse.erasure"


class Erasure(msgspec.Struct, frozen=True, kw_only=True, tag="erasure"):
    """Somebody of a tenant who is to be removed: whatever has one of these hashes. `tickets` are gone for good; of
    `people` (customer ids, mail addresses, telephone numbers) what happened up to `until`, in Unix milliseconds.

    `round` counts how often it was sent: a later one names all that the earlier did, and tickets found since.
    """

    erasure_id: str
    tenant: str
    until: int
    people: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    round: int = 1


class Removed(msgspec.Struct, frozen=True, kw_only=True, tag="removed"):
    """A partition of a stage has removed all that it knew; `rows` counts by kind. `unknown_keys` are ids of keys that
    the process has not: then nothing was found, and it must be sent again.
    """

    erasure_id: str
    round: int
    stage: str
    partition: int
    rows: dict[str, int] = {}
    unknown_keys: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    """A step of a run is done: `removed` counts by place. `request` begins an erasure, `receipt` ends it."""

    erasure_id: str
    name: str
    at: datetime
    tenant: str = ""
    subject: str = ""
    until: int = 0
    removed: dict[str, int] = {}


Told = Erasure | Removed | Step

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def encode_erasure(told: Told) -> bytes:
    """JSON; `type` says which it is."""
    return _encoder.encode(told)


def decode_erasure(value: bytes) -> Told:
    """Read what `encode_erasure` wrote."""
    return _decoder.decode(value)
