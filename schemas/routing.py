"""How a ticket stands for whoever gives it to an agent: told by `track`, keyed by tenant, on `tickets.routing.v1`."""

from typing import Literal

import msgspec

from schemas.events import Channel, Priority

# due: somebody of the desk has to do something. answered: he has, and the ticket is open. customer: the customer has
# to. over: resolved, closed, forgotten, or not to be given to anybody.
Work = Literal["due", "answered", "customer", "over"]


class Standing(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How one ticket stands: all of it each time, so the newest is what is known. Times are Unix milliseconds.

    `session` is that of the conversation. `since` is when the customer began to wait, `at` when what changed it was
    appended. `language` is empty where it is not known. `agent` is whom the source named last, in its own words, and
    `agent_at` when. `assigned` and `revision` are what the ticket knows of its own assignment; `is_let_go` tells that
    it was over by then, so that `assigned` only had the ticket last.
    """

    tenant: str
    ticket_id: str
    session: str
    work: Work
    since: int = 0
    at: int = 0
    channel: Channel = "web"
    category: str = "general"
    language: str = ""
    priority: Priority = "medium"
    is_escalated: bool = False
    agent: str = ""
    agent_at: int = 0
    assigned: str = ""
    revision: int = 0
    is_let_go: bool = False


def standing_key(standing: Standing) -> bytes:
    """The Kafka key: an agent's load is known in one place, so all tickets of a tenant go there."""
    return standing.tenant.encode()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Standing)


def encode_standing(standing: Standing) -> bytes:
    """The record as it is sent."""
    return _encoder.encode(standing)


def decode_standing(value: bytes) -> Standing:
    """Read what `encode_standing` wrote."""
    return _decoder.decode(value)
