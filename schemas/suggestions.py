"""What people made of suggestions, on `tickets.suggestions.v1`, keyed as scored events are."""

import uuid
from datetime import datetime
from typing import Literal, get_args

import msgspec

# A namespace of our own, so that what is sent again has the id that it had.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "suggestions.ticketpulse")

Suggested = Literal["draft", "article", "similar"]
SUGGESTED: tuple[Suggested, ...] = get_args(Suggested)
# It went into an answer, or somebody said that it is of no use here.
Outcome = Literal["used", "dismissed"]


class SuggestionUse(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody used a suggestion for a ticket, or dismissed it. `suggestion` is the name of a draft or an article, or a
    ticket's id. `used_by` is the name of the token with which it came, `token_id` its id. `used_at` is UTC.
    """

    use_id: str
    tenant: str
    ticket_id: str
    suggested: Suggested
    suggestion: str
    outcome: Outcome
    used_by: str
    token_id: str = ""
    used_at: datetime


def use_id(tenant: str, ticket_id: str, suggested: Suggested, suggestion: str, by: str) -> str:
    """uuid5 of what somebody judges: of several judgements the last one holds."""
    parts = (tenant, ticket_id, suggested, suggestion, by)
    return str(uuid.uuid5(NAMESPACE, msgspec.json.encode(parts).decode()))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SuggestionUse)


def encode_use(use: SuggestionUse) -> bytes:
    """JSON."""
    return _encoder.encode(use)


def decode_use(value: bytes) -> SuggestionUse:
    """Read what `encode_use` wrote."""
    return _decoder.decode(value)
