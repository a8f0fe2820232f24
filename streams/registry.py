"""registry: what must be known across tickets, in the order in which it is asked: numbers and customers' tickets."""

from collections.abc import Iterator, Sequence

import msgspec

from schemas import registry as schema
from schemas.events import ticket_key
from schemas.registry import CustomerKnown, Numbered, NumberWanted, TicketOpened
from streams import topics
from streams.conversations import fingerprint
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.privacy.forgetting import Forgetter, Subject, is_erasure
from streams.privacy.keys import NO_KEYS, Keys

SWEEP_ROWS = 250
# A customer's last tickets are told apart; of more than these only the count is known.
TOLD_APART = 50
# Days without a new ticket after which a customer is forgotten.
CUSTOMER_DAYS = 365
_DAY_MS = 86_400_000


class Customer(msgspec.Struct, frozen=True, array_like=True):
    """Fingerprints of a customer's last tickets, oldest first; `tickets` counts all of them."""

    tickets: int
    last: tuple[int, ...]
    last_at: int


NUMBERS = Table(b"n", int)
CUSTOMERS = Table(b"k", Customer)


class RegistryStage:
    """Reads `tickets.registry.v1`, keyed by tenant and year, or by customer, so that each count has one place.

    Numbers of a tenant and year are unique and rise in the order in which escalations ask for them; an escalation that
    is asked for twice takes two, so they may have gaps.
    """

    name = "registry"
    input = topics.REGISTRY
    outputs: Sequence[str] = (topics.SCORED, topics.ERASURES, topics.DEAD_LETTERS)
    patience = 0.05

    def __init__(self, keys: Keys = NO_KEYS) -> None:
        self._forgetter = Forgetter(self.name, keys, ((CUSTOMERS, _forget_customer),))

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing to restore."""
        return iter(())

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """One answer for each question, to the ticket that asked."""
        output = Output()
        for record in batch.records:
            if record.headers and is_erasure(record):
                self._forgetter.take(record, state, output)
                continue
            question = schema.decode_question(record.value or b"")
            key = record.key or b""
            answer = (
                _number(question, key, state) if isinstance(question, NumberWanted) else _tickets(question, key, state)
            )
            output.send(
                topics.SCORED,
                ticket_key(question.tenant, question.ticket_id),
                schema.encode(answer),
                [(schema.ANSWER_HEADER, b"1")],
            )
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Forget customers who have not come for a year."""
        for key, customer in state.sweep(CUSTOMERS, SWEEP_ROWS):
            if now - customer.last_at > CUSTOMER_DAYS * _DAY_MS:
                state.delete(CUSTOMERS, key)
        output = Output()
        self._forgetter.tick(state, output)
        return output


def _forget_customer(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    tenant, _, customer = key.decode().split("/", 2)
    if state.peek(CUSTOMERS, key) is None or not subject.is_person(tenant, "customer", customer):
        return ()
    state.delete(CUSTOMERS, key)
    return ("customers",)


def _number(question: NumberWanted, key: bytes, state: Overlay) -> Numbered:
    number = (state.get(NUMBERS, key) or 0) + 1
    state.put(NUMBERS, key, number)
    return Numbered(question.escalation_id, f"TKT-{question.year}-{number:04d}")


def _tickets(question: TicketOpened, key: bytes, state: Overlay) -> CustomerKnown:
    known = state.get(CUSTOMERS, key) or Customer(0, (), 0)
    ticket = fingerprint(question.ticket_id)
    if ticket not in known.last:
        last_at = max(known.last_at, question.at)
        known = Customer(known.tickets + 1, (*known.last, ticket)[-TOLD_APART:], last_at)
        state.put(CUSTOMERS, key, known)
    return CustomerKnown(known.tickets)
