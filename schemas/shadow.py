"""Shadow scores: what a challenger says of a message beside the champion. On `tickets.shadow-scores.v1`, keyed as
scored events are. Nothing of them counts anywhere, and no customer's words are in them.
"""

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

ShadowKind = Literal["sentiment", "category"]
SHADOW_KINDS: Final[tuple[ShadowKind, ...]] = get_args(ShadowKind)
# The champion where no model is in force: the preset that reads the tenant's texts.
LEXICON: Final = "lexicon"


class ShadowScore(msgspec.Struct, kw_only=True, frozen=True):
    """Two readings of one message. `champion` is the version of the model in force, or LEXICON, `challenger` that of
    the other one. Classes are labels for `sentiment`, categories for `category`.

    `champion_class` is as the event has it; they `agree` when the challenger says the same, as far as it can: to one
    that knows no very negative texts, these are negative. `score` is the champion's, 0 to 10, None where it has
    none. `probability` is what the challenger gives to its own class, and `probability_of_champions` to the champion's.
    """

    tenant: str
    ticket_id: str
    event_id: str
    kind: ShadowKind
    channel: str
    occurred_at: datetime
    champion: str
    challenger: str
    champion_class: str
    challenger_class: str
    agree: bool
    score: float | None = None
    probability: float
    probability_of_champions: float = 0.0


def folded(class_: str, classes: tuple[str, ...]) -> str:
    """A class as somebody who knows only these would call it."""
    mild = class_.removeprefix("very_")
    return mild if class_ not in classes and mild in classes else class_


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ShadowScore)


def encode_shadow(score: ShadowScore) -> bytes:
    """JSON."""
    return _encoder.encode(score)


def decode_shadow(value: bytes) -> ShadowScore:
    """Read what `encode_shadow` wrote."""
    return _decoder.decode(value)
