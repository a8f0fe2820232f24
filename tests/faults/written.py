"""Records that a test writes itself, in the place of those that the generator draws."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from tests.soak.generator import Generator, Sent


class Written(Generator):
    """Hands over these records in their order, whatever time it is."""

    def __init__(self, records: Sequence[Sent]) -> None:
        super().__init__(0, len(records), 1)
        self._records = iter(records)

    def take(self, count: int, now: int) -> list[Sent]:
        """The next `count` records, fewer at the end."""
        taken = list(islice(self._records, min(count, self.left)))
        self.left -= len(taken)
        return taken


def event(number: int, partition: int, *, accepted: bool = True, **fields: Any) -> Sent:
    """A customer's message, with some fields as they are given; `occurred_at` is one of them."""
    whole = {"event_id": f"E{number}", "ticket_id": f"T{number % 50}", "text": "Where is my order?", **fields}
    value = json.dumps({**whole, "metadata": {"number": number}}).encode()
    return Sent(number, accepted, partition, whole["ticket_id"].encode(), value)


def poison(number: int, partition: int) -> Sent:
    """No event, and no record like it."""
    return Sent(number, False, partition, b"P%d" % number, b"\xffno event %d" % number)
