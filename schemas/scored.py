"""The scored event: the ticket event with what its text says about the customer's mood."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from schemas.events import TicketEvent
from schemas.readings import Reading

Label = Literal["very_negative", "negative", "neutral", "positive", "very_positive"]
LABELS: tuple[Label, ...] = ("very_negative", "negative", "neutral", "positive", "very_positive")
Voice = Literal["customer", "agent"]


class Sentiment(msgspec.Struct, frozen=True):
    """`score` 0 to 10 with two decimals; `compound` and `polarity` -1 to 1; `subjectivity` 0 to 1."""

    score: float
    label: Label
    compound: float
    polarity: float
    subjectivity: float


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """What moved a score, and by how many points of the scale from 0 to 10.

    `rule` is `vader` or `textblob` (the words that they rate, together), `lexicon` (a phrase of the support lexicon),
    `negated` (one with a negation before it), `sarcasm`, `model` (a word as a model that was learned weighs it, or
    `(lexicon)`, what it makes of the other rules together), or `others` (smaller ones added up). `term` is what
    stands in the text, and `start` to `end` its place in the cleaned text; both are 0 for what has no single place.
    """

    rule: str
    term: str
    points: float
    start: int = 0
    end: int = 0


class ScoredEvent(TicketEvent, kw_only=True, eq=False):
    """A ticket event after scoring. `sentiment` is None when nothing was scored; `unscored` then says why.

    `reasons`, the weightiest first, tell what moved the score, and `confidence`, 0 to 1, how sure it is. `removed`
    counts by kind what was no word of the customer's, such as quoted lines; `reading` is what else the text says.

    `voice` tells whose words they are: only a customer's count as how customers feel. `language` and `journey_stage`
    are the event's own, else what was read; `category` is what was read. `received_at` is the time at which the raw
    record was appended to the log; `model_epoch` rises with each re-analysis.
    """

    received_at: datetime
    voice: Voice
    category: str
    sentiment: Sentiment | None = None
    unscored: str | None = None
    confidence: float = 0.0
    reasons: tuple[Reason, ...] = ()
    removed: dict[str, int] = msgspec.field(default_factory=dict)
    reading: Reading = Reading()
    scorer: str = ""
    model_epoch: int = 0


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ScoredEvent)


def encode_event(event: TicketEvent) -> bytes:
    """JSON with unknown fields back at the top level; a known field wins over an unknown one of its name."""
    extra = event.extra
    if extra is msgspec.UNSET:
        return _encoder.encode(event)
    fields: dict[str, Any] = msgspec.to_builtins(event)
    del fields["extra"]
    return _encoder.encode({**extra, **fields})


def decode_scored(value: bytes) -> ScoredEvent:
    """Read what `encode_event` wrote. Fields that are not ours stay on the topic; no later stage uses them."""
    return _decoder.decode(value)
