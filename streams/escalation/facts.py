"""What a policy may ask about a message and its conversation: the facts by name. Pure.

A fact that is not known, as a score is at a tick of the clock, fulfils no condition.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter, mul
from typing import Final, Literal, NamedTuple, get_args

from schemas.events import CHANNELS, EVENT_TYPES, PRIORITIES, STATUSES
from schemas.readings import Urgency
from schemas.scored import LABELS, Label, ScoredEvent
from schemas.windows import HUNDREDTHS
from streams.conversations import CLOSED, Conversation, Speaker

Value = str | float | bool
Kind = Literal["number", "span", "flag", "text"]

# Over how many of the customer's last scores the trajectory is judged, and from how many on.
TRAJECTORY: Final = 5
AT_LEAST: Final = 3


class Moment(NamedTuple):
    """What is decided on: a conversation as it stands after an event, or at a tick (`event` is None then).

    `said` is the event if it is a customer's words. `label` is the event's under the policy's bands; `signals` are
    those that it gave; `risk` is 0 to 1. `now` is the event's time, or the tick's, in Unix milliseconds.
    """

    event: ScoredEvent | None
    conversation: Conversation
    now: int
    said: ScoredEvent | None = None
    label: Label | None = None
    signals: Sequence[str] = ()
    risk: float | None = None


class Fact(NamedTuple):
    """A fact's kind, what it may be (for a text of few values), what it means, and how it is found."""

    kind: Kind
    about: str
    read: Callable[[Moment], Value | None]
    choices: tuple[str, ...] = ()


def _of_event(read: Callable[[ScoredEvent], Value | None]) -> Callable[[Moment], Value | None]:
    return lambda moment: None if moment.event is None else read(moment.event)


def _said(read: Callable[[ScoredEvent], Value | None]) -> Callable[[Moment], Value | None]:
    """A fact of a customer's words, unknown for everything else that happens to a ticket."""

    return lambda moment: None if moment.said is None else read(moment.said)


def _conversation(read: Callable[[Conversation], Value | None]) -> Callable[[Moment], Value | None]:
    return lambda moment: read(moment.conversation)


def _label(moment: Moment) -> Value | None:
    return None if moment.said is None else moment.label


def _first_message(moment: Moment) -> Value | None:
    return None if moment.said is None else moment.conversation.customer_messages == 1


def _answers_to(moment: Moment) -> Value | None:
    return None if moment.said is None else moment.conversation.spoke_before


def _repeats(moment: Moment) -> Value | None:
    return None if moment.said is None else moment.conversation.repeats


def _score(event: ScoredEvent) -> float | None:
    return event.sentiment.score if event.sentiment else None


def _waiting(moment: Moment) -> float | None:
    since = moment.conversation.waiting_since
    return moment.now - since if since else None


def _since(moment: Moment, at: int) -> float | None:
    return moment.now - at if at else None


def _mean(conversation: Conversation) -> float | None:
    scores = conversation.scores
    return sum(scores) / len(scores) / HUNDREDTHS if scores else None


def _lowest(conversation: Conversation) -> float | None:
    return min(conversation.scores) / HUNDREDTHS if conversation.scores else None


def fall(conversation: Conversation) -> float | None:
    """Points that the customer's score lost over the last five messages, by a straight line fitted to them (least
    squares). Negative when it rose; None for fewer than three.
    """
    scores = conversation.scores[-TRAJECTORY:]
    count = len(scores)
    if count < AT_LEAST:
        return None
    places, variance = _LINES[count]
    covariance: float = sum(map(mul, places, scores))
    return -covariance / variance * (count - 1) / HUNDREDTHS


def _places(count: int) -> tuple[float, ...]:
    """Where so many messages stand, from the middle of them."""
    return tuple(place - (count - 1) / 2 for place in range(count))


# By the number of messages: their places, and the sum of the squares of these.
_LINES: Final = {
    count: (_places(count), sum(place**2 for place in _places(count))) for count in range(AT_LEAST, TRAJECTORY + 1)
}


def _drops(conversation: Conversation) -> int:
    drops = 0
    for later, earlier in zip(conversation.scores[::-1], conversation.scores[-2::-1], strict=False):
        if later >= earlier:
            break
        drops += 1
    return drops


FACTS: Final[dict[str, Fact]] = {
    # The event.
    "type": Fact("text", "what happened", _of_event(lambda event: event.type), EVENT_TYPES),
    "channel": Fact("text", "the channel that the event came by", _of_event(lambda event: event.channel), CHANNELS),
    "satisfaction": Fact("number", "the customer's rating, 1 to 5", _of_event(lambda event: event.satisfaction)),
    # A customer's words.
    "score": Fact("number", "0 (very negative) to 10", _said(_score)),
    "label": Fact("text", "the score's band", _label, LABELS),
    "polarity": Fact("number", "TextBlob's, -1 to 1", _said(lambda e: e.sentiment.polarity if e.sentiment else None)),
    "compound": Fact("number", "VADER's, -1 to 1", _said(lambda e: e.sentiment.compound if e.sentiment else None)),
    "confidence": Fact("number", "of the score, 0 to 1", _said(lambda event: event.confidence)),
    "emotion": Fact("text", "the strongest emotion", _said(lambda event: event.reading.emotion)),
    "urgency": Fact("text", "how soon it must be looked at", _said(lambda e: e.reading.urgency), get_args(Urgency)),
    "category": Fact("text", "what it is about", _said(lambda event: event.category)),
    "subcategory": Fact("text", "and what of that", _said(lambda event: event.reading.subcategory)),
    "journey_stage": Fact("text", "where in the purchase the customer is", _said(lambda event: event.journey_stage)),
    "language": Fact("text", "ISO 639-1 code", _said(lambda event: event.language)),
    "questions": Fact("number", "how many questions it asks", _said(lambda event: event.reading.questions)),
    "characters": Fact("number", "the text's length", _said(lambda event: len(event.text or ""))),
    "first_message": Fact("flag", "whether it is the customer's first", _first_message),
    "answers_to": Fact("text", "who had written before", _answers_to, get_args(Speaker)),
    "repeats": Fact("number", "how many of the last ten messages said the same", _repeats),
    "risk": Fact("number", "the policy's own sum of points, 0 to 1", lambda moment: moment.risk),
    # The conversation.
    "status": Fact("text", "the ticket's status", attrgetter("conversation.status"), STATUSES),
    "priority": Fact("text", "the ticket's priority", attrgetter("conversation.priority"), PRIORITIES),
    "customer_messages": Fact("number", "of this conversation", attrgetter("conversation.customer_messages")),
    "agent_replies": Fact("number", "of this conversation", attrgetter("conversation.agent_replies")),
    "bot_replies": Fact("number", "of this conversation", attrgetter("conversation.bot_replies")),
    "unanswered": Fact("number", "messages since an agent replied", attrgetter("conversation.unanswered")),
    "reopened": Fact("number", "how often it was reopened", attrgetter("conversation.reopened")),
    "mean_score": Fact("number", "of the remembered messages", _conversation(_mean)),
    "lowest_score": Fact("number", "of the remembered messages", _conversation(_lowest)),
    "fall": Fact("number", "points lost over the last five messages", _conversation(fall)),
    "drops": Fact("number", "messages in a row, each scored below the one before", _conversation(_drops)),
    "tickets": Fact("number", "tickets of this customer, this one too", _conversation(lambda k: k.tickets or None)),
    "waiting": Fact("span", "for how long the customer waits for an answer", _waiting),
    "age": Fact("span", "since the ticket's first event", lambda moment: moment.now - moment.conversation.first_at),
    "since_resolved": Fact(
        "span", "since it was resolved last", lambda moment: _since(moment, moment.conversation.resolved_at)
    ),
}
# The facts that grow by the clock alone, and since when (Unix milliseconds; 0 while they do not).
GROWING: Final[dict[str, Callable[[Conversation], int]]] = {
    "waiting": lambda known: known.waiting_since,
    "age": lambda known: 0 if known.status in CLOSED else known.first_at,
}
