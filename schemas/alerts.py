"""The alert: a series of windows does what chance does not explain, since when, how much, and what it is about."""

import uuid
from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["spike", "fall", "silence", "drift"]
Severity = Literal["warning", "critical"]
State = Literal["firing", "resolved"]
# The last two are watched for drift alone.
Measure = Literal[
    "volume",
    "very_negative",
    "negative_share",
    "escalation_rate",
    "score",
    "category_share",
    "label_share",
    "unseen_words",
]
# Why it ended: its windows are as usual again, or what it was about has lasted so long that it is usual now.
Ended = Literal["calm", "usual now"]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "alerts.ticketpulse")


class Phrase(msgspec.Struct, frozen=True, array_like=True):
    """A phrase that is over-represented: its share of the texts, and what its share was before. 0 to 1."""

    phrase: str
    share: float
    usual: float


class Alert(msgspec.Struct, kw_only=True, frozen=True):
    """One episode of one series, from firing to resolved. Times are UTC.

    The series is a measure of the windows of `window_size` seconds of a dimension's value ("" for overall). Of a drift
    `expected` is the level before and `observed` the level since; a label is told as the value of a dimension `label`.
    `started_at` is the start of the first window that it is about, `fired_at` when it was told first. `observed` and
    `expected` are of the least probable windows so far: events, a share from 0 to 1 or points; `exposure` is the
    number of windows, of trials or of texts behind them, and `probability` that of as much by chance. `tickets` and
    `phrases` are a sample of what came in those windows.
    """

    alert_id: str
    revision: int = 1
    tenant: str
    kind: Kind
    measure: Measure
    dimension: str
    value: str
    window_size: int
    severity: Severity
    state: State = "firing"
    ended: Ended | None = None
    started_at: datetime
    fired_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    observed: float
    expected: float
    exposure: float
    probability: float
    tickets: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    summary: str

    @property
    def ratio(self) -> float:
        """Observed to expected; 0 where nothing was expected."""
        return self.observed / self.expected if self.expected else 0.0


def alert_id(tenant: str, dimension: str, value: str, measure: Measure, kind: Kind, start: int) -> str:
    """uuid5 of the series and the start of its first window (Unix seconds): the same in every revision and replay."""
    return str(uuid.uuid5(NAMESPACE, f"{tenant}/{dimension}/{value}/{measure}/{kind}/{start}"))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Alert)


def encode_alert(alert: Alert) -> bytes:
    """JSON."""
    return _encoder.encode(alert)


def decode_alert(value: bytes) -> Alert:
    """Read what `encode_alert` wrote."""
    return _decoder.decode(value)
