"""Predictions: what is expected of an open conversation, as far as what was known of it at a moment tells. On
`tickets.predictions.v1`, keyed as scored events are.
"""

import uuid
from datetime import datetime
from typing import Literal, get_args

import msgspec

# A namespace of our own, so that the same prediction has the same id in every process and every run.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "predictions.ticketpulse")

Kind = Literal["escalation", "resolution", "reply_breach", "resolution_breach", "satisfaction"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Because(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why: a fact, what it is, and how much it weighs: log-odds for a risk, points for a rating, hours for a similar
    ticket; a part of the sum for the formula.
    """

    fact: str
    value: str = ""
    weight: float = 0.0


class Estimate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value between bounds that hold 80 %; None where none are known. Risks and breaches are probabilities, a
    resolution is seconds from the moment, satisfaction a rating of 1 to 5. `model` is the version of the model, empty
    where none is in force; `basis` is what it rests on. `passed`: it is no prediction, the target has passed already.
    """

    value: float
    low: float | None = None
    high: float | None = None
    model: str = ""
    basis: str = ""
    because: tuple[Because, ...] = ()
    passed: bool = False


class Prediction(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What is expected of a ticket by what was known at `as_of`; `predicted_at` is when that was worked out. Both UTC.

    None is what does not apply (an escalation of what is escalated, a first reply after the first reply), or what
    nothing is known of. With `ended` the ticket is resolved or closed, and nothing is expected any more.
    """

    prediction_id: str
    tenant: str
    ticket_id: str
    as_of: datetime
    predicted_at: datetime
    ended: bool = False
    channel: str = ""
    category: str = ""
    priority: str = ""
    escalation: Estimate | None = None
    resolution: Estimate | None = None
    reply_breach: Estimate | None = None
    resolution_breach: Estimate | None = None
    satisfaction: Estimate | None = None


def prediction_id(tenant: str, ticket_id: str, as_of_ms: int, models: str) -> str:
    """uuid5 of whose ticket it is of, by what was known when, and by which models: worked out again it is the same."""
    parts = (tenant, ticket_id, as_of_ms, models)
    return str(uuid.uuid5(NAMESPACE, msgspec.json.encode(parts).decode()))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Prediction)


def encode_prediction(prediction: Prediction) -> bytes:
    """JSON."""
    return _encoder.encode(prediction)


def decode_prediction(value: bytes) -> Prediction:
    """Read what `encode_prediction` wrote."""
    return _decoder.decode(value)
