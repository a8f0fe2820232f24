"""What a prediction looks like in its table. Pure."""

import math
import uuid
from collections.abc import Sequence

from schemas.predictions import KINDS, Estimate, Prediction, decode_prediction
from sinks.base import Message
from sinks.columns import Columns, as_they_are, check_time, milliseconds, newest_of_its_id, value_of, version

_PLAIN = ("tenant", "ticket_id", "ended", "channel", "category", "priority")
# What an estimate may be: a probability, any time, a rating.
_HIGHEST = {"escalation": 1.0, "reply_breach": 1.0, "resolution_breach": 1.0, "satisfaction": 5.0}


def read_prediction(message: Message) -> Prediction:
    """Raises ValueError for what can be no row."""
    prediction = decode_prediction(value_of(message))
    uuid.UUID(prediction.prediction_id)
    for name in ("as_of", "predicted_at"):
        check_time(name, getattr(prediction, name))
    for kind in KINDS:
        _check(kind, getattr(prediction, kind))
    version(0, message.offset)
    return prediction


def prediction_columns(messages: Sequence[Message], predictions: Sequence[Prediction]) -> Columns:
    """One row a record."""
    columns: dict[str, Sequence[object]] = {
        "prediction_id": [uuid.UUID(each.prediction_id) for each in predictions],
        **as_they_are(_PLAIN, predictions),
        **{name: [milliseconds(getattr(each, name)) for each in predictions] for name in ("as_of", "predicted_at")},
        "record": [(message.value or b"").decode() for message in messages],
        **newest_of_its_id(messages),
    }
    for kind in KINDS:
        estimates: list[Estimate | None] = [getattr(each, kind) for each in predictions]
        columns[kind] = [None if each is None else each.value for each in estimates]
        columns[f"{kind}_low"] = [None if each is None else each.low for each in estimates]
        columns[f"{kind}_high"] = [None if each is None else each.high for each in estimates]
        columns[f"{kind}_model"] = ["" if each is None else each.model for each in estimates]
    return columns


def _check(kind: str, estimate: Estimate | None) -> None:
    if estimate is None:
        return
    for number in (estimate.value, estimate.low, estimate.high):
        if number is not None and not 0 <= number <= _HIGHEST.get(kind, math.inf):
            raise ValueError(f"{kind}: {number} is not from 0 to {_HIGHEST.get(kind, 'any')}")
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{kind}: {number} is no number")
