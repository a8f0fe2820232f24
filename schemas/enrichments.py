"""Second readings of messages, by a language model. On `tickets.enrichments.v1`, keyed as scored events are.

A reading is a fact beside the message's row, as a correction is: it changes no score, window or escalation.
"""

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from schemas.scored import Label

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "enrichments.ticketpulse")

MAX_REASON_CHARS = 300
#: Why a message keeps its local reading; empty where the model answered.
Fallback = Literal[
    "",
    "disabled",
    "no_words",
    "budget",
    "breaker_open",
    "timeout",
    "unavailable",
    "denied",
    "refused",
    "invalid_answer",
]

Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Enrichment(msgspec.Struct, kw_only=True, frozen=True):
    """How `read_by` reads a message. `at` is UTC.

    With a `fallback` the reading is the one that the message had already, `read_by` is its scorer, and `reason` tells
    what went wrong. Without one `read_by` is the model, `reason` is the model's, and `confidence` is its own; names
    such as [EMAIL_1] in it stand for what it was not shown, which `removed` counts by kind. `stands`: the tenant lets
    it take the place of the reading that it was asked about (`label_before` …) where nobody corrected the message.
    """

    enrichment_id: str
    tenant: str
    ticket_id: str
    event_id: str
    read_by: str
    fallback: Fallback = ""
    label: Label | None
    category: str
    confidence: Share
    reason: Annotated[str, msgspec.Meta(max_length=MAX_REASON_CHARS)] = ""
    stands: bool = False
    prompt: str = ""
    label_before: Label | None = None
    category_before: str = ""
    confidence_before: Share = 0.0
    scorer: str = ""
    model_epoch: int = 0
    removed: dict[str, int] = {}
    cached: bool = False
    tokens_in: Count = 0
    tokens_out: Count = 0
    cost_micros: Count = 0
    at: datetime


def enrichment_id(tenant: str, ticket_id: str, event_id: str, model: str, prompt: str, fallback: str) -> str:
    """uuid5 of the message, of who was asked how, and of why it did not answer. So the same message asked again by the
    same model is one reading, and an answer that comes after a fallback is another.
    """
    parts = (tenant, ticket_id, event_id, model, prompt, fallback)
    return str(uuid.uuid5(NAMESPACE, msgspec.json.encode(parts).decode()))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Enrichment)


def encode_enrichment(enrichment: Enrichment) -> bytes:
    """JSON."""
    return _encoder.encode(enrichment)


def decode_enrichment(value: bytes) -> Enrichment:
    """Read what `encode_enrichment` wrote."""
    return _decoder.decode(value)
