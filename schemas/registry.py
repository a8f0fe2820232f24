"""What must be known across tickets: asked by `track` under a second key, answered to the ticket that asked."""

import msgspec

from schemas.assignments import Assigned

# The header of an answer on `tickets.scored.v1`: it is no scored event.
ANSWER_HEADER = "ticketpulse.answer"


class NumberWanted(msgspec.Struct, frozen=True, tag="number"):
    """An escalation wants the next number of its tenant and year."""

    tenant: str
    ticket_id: str
    escalation_id: str
    year: int


class TicketOpened(msgspec.Struct, frozen=True, tag="opened"):
    """A customer has a ticket; `at` is when it began, in Unix milliseconds."""

    tenant: str
    ticket_id: str
    customer_id: str
    at: int


class Numbered(msgspec.Struct, frozen=True, tag="numbered"):
    """The escalation's number."""

    escalation_id: str
    number: str


class CustomerKnown(msgspec.Struct, frozen=True, tag="customer"):
    """How many tickets the customer has had, this one too, within what is remembered."""

    tickets: int


Question = NumberWanted | TicketOpened
# The last is no answer of the registry's: it comes from whoever gives tickets to agents.
Answer = Numbered | CustomerKnown | Assigned


def question_key(question: Question) -> bytes:
    """What the answer depends on: the tenant and year of a number, the customer of a ticket."""
    if isinstance(question, NumberWanted):
        return f"{question.tenant}/number/{question.year}".encode()
    return f"{question.tenant}/customer/{question.customer_id}".encode()


_encoder = msgspec.json.Encoder()
_question_decoder: msgspec.json.Decoder[Question] = msgspec.json.Decoder(Question)
_answer_decoder: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Question | Answer) -> bytes:
    """JSON of a question or an answer."""
    return _encoder.encode(message)


def decode_question(value: bytes) -> Question:
    """Read a question."""
    return _question_decoder.decode(value)


def decode_answer(value: bytes) -> Answer:
    """Read an answer."""
    return _answer_decoder.decode(value)
