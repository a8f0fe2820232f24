"""Preset C, WhatsApp escalation: one feeling of five, a category, a priority, the stage of the journey, keywords."""

from typing import Final

from streams.scoring.key_phrases import key_phrases
from streams.scoring.language import LanguageGuess
from streams.scoring.readers.substrings import counts_in, has_any, most
from streams.scoring.readings import Reading, TextByText, Urgency, bounded, urgency_of
from streams.scoring.words import lowered, words_of

OTHER: Final = "other"
# In order: on a tie the first wins.
CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "refund_request": ("refund", "a refund", "money back", "reimburse", "return the"),
    "delivery_problem": (
        *("delivery", "no delivery", "deliver", "damaged", "lost", "parcel", "package", "shipping", "shipment"),
        *("courier", "not arrived", "never arrived", "hasn't arrived", "delayed", "tracking", "where is my order"),
    ),
    "payment_issue": (
        *("payment", "charged", "charged twice", "declined", "transaction", "invoice", "debited", "overcharged"),
        *("double charge", "dispute", "wrong amount"),
    ),
    "technical_issue": (
        *("error", "crash", "bug", "not working", "doesn't work", "can't log", "don't know how", "how to pay"),
        *("login", "password", "website", "loading", "checkout"),
    ),
    "complaint": (
        *("complain", "complaint", "rude", "bad service", "poor service", "worst", "terrible", "unacceptable"),
        *("disappointed", "customer service"),
    ),
    "product_inquiry": (
        *("in stock", "available", "price", "how much", "do you have", "do you sell", "size", "color", "colour"),
        *("quote", "quotation", "interested in", "warranty"),
    ),
}
ANGER: Final = (
    *("angry", "furious", "ridiculous", "unacceptable", "terrible", "worst", "outrageous", "disgusting", "scam"),
    *("fed up", "how dare", "pathetic", "useless", "sick of", "frustrated"),
)
CONFUSION: Final = (
    *("confused", "confusing", "don't understand", "do not understand", "don't know how", "do not know how"),
    *("unclear", "makes no sense", "not sure how", "i'm lost", "what do you mean"),
)
# In the order of the journey: of several stages the latest is meant.
STAGES: Final[dict[str, tuple[str, ...]]] = {
    "quotation": ("quote", "quotation", "how much", "price", "estimate", "in stock", "interested in"),
    "cart": ("cart", "basket", "checkout"),
    "payment": ("paid", "payment", "charged", "transaction", "declined", "invoice"),
    "delivery": (
        *("delivery", "delivered", "parcel", "package", "shipping", "shipped", "shipment", "courier", "tracking"),
        *("received my order", "my order arrived", "where is my order", "not arrived", "damaged"),
    ),
}
WANTS_HUMAN: Final = (
    *("speak to a human", "transfer me to an agent", "talk to your manager", "speak to a person", "speak to an agent"),
    *("speak to someone", "talk to a human", "talk to a person", "talk to an agent", "talk to someone", "real person"),
    *("speak to a manager", "speak to your manager", "talk to a manager", "human agent", "connect me to"),
)
KEYWORDS: Final = (
    *("refund", "money back", "broken", "damaged", "lost", "angry", "frustrated", "manager", "human", "agent"),
    *("complaint", "terrible", "worst", "unacceptable", "disappointed", "delayed", "late"),
)
COURTESY: Final = ("please", "thank", "kindly", "appreciate", "grateful")
# What goes to a person whatever the mood is, and what can wait for one.
_HIGH: Final = frozenset({"refund_request", "payment_issue", "delivery_problem", "complaint"})
_LOW: Final = frozenset({"product_inquiry", OTHER})
_BOUND: Final = 0.1


class WhatsappReader(TextByText):
    """Reads as system C does, whose keywords are known and whose other rules are told by its examples."""

    name = "whatsapp"

    def __init__(self, language: LanguageGuess) -> None:
        self._language = language

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        """The emotion is angry, confused, negative, neutral or positive; urgent is critical."""
        text = bounded(text)
        words = words_of(text)
        lower = lowered(text)
        category = most(counts_in(lower, CATEGORIES)) or OTHER
        feeling = _feeling(lower, polarity)
        return Reading(
            emotions={feeling: 1.0} if feeling in {"angry", "confused"} else {},
            emotion=feeling,
            urgency=urgency_of(priority) or _urgency(category, feeling),
            category=category,
            key_phrases=key_phrases(words),
            signals=("wants_human",) if has_any(lower, WANTS_HUMAN) else (),
            questions=text.count("?"),
            journey_stage=max(counts_in(lower, STAGES), key=list(STAGES).index, default=None),
            keywords=tuple(filter(lower.__contains__, KEYWORDS)),
            language=self._language.of(text, words),
        )


def _feeling(lower: str, polarity: float) -> str:
    """Anger before confusion before the score. A courteous message that is not negative is positive."""
    if has_any(lower, ANGER):
        return "angry"
    if has_any(lower, CONFUSION):
        return "confused"
    if polarity < -_BOUND:
        return "negative"
    return "positive" if polarity > _BOUND or has_any(lower, COURTESY) else "neutral"


def _urgency(category: str, feeling: str) -> Urgency:
    if feeling == "angry":
        return "critical"
    if category in _HIGH:
        return "high"
    return "low" if category in _LOW and feeling in {"neutral", "positive"} else "medium"
