"""What a history tells of its tickets: how often each was resolved, and whether it needed a person. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from schemas.events import TicketEvent, ticket_key
from streams.conversations import CLOSED

# Ratings that say that a person should have looked at the ticket in time.
POOR_RATINGS: Final = (1, 2)
# The field of an event's metadata that says whether its ticket needed a person.
OUTCOME: Final = "outcome"

Source = Literal["file", "events", "history"]


class Outcome(NamedTuple):
    """Whether a ticket needed a person. Where the history itself told that it did, `known_at` is when (Unix
    milliseconds): a policy that escalates then or later has only repeated it.
    """

    needed: bool
    known_at: int | None = None


class Ticket:
    """One ticket as its events so far tell it. `resolved` counts how often it was."""

    __slots__ = ("is_closed", "is_rated_well", "needed_at", "resolved", "told")

    def __init__(self) -> None:
        self.resolved = 0
        self.is_closed = False
        self.is_rated_well = False
        self.needed_at: int | None = None
        self.told: bool | None = None

    def add(self, event: TicketEvent) -> None:
        """Take an event into account; events come in the order of their times."""
        told = truth(event.metadata.get(OUTCOME))
        if told is not None:
            self.told = told
        if event.satisfaction is not None:
            self.is_rated_well = event.satisfaction not in POOR_RATINGS
        reopened = False
        if event.status is not None:
            was_closed, self.is_closed = self.is_closed, event.status in CLOSED
            reopened = was_closed and not self.is_closed
            self.resolved += self.is_closed and not was_closed
        if self.needed_at is None and (
            reopened or event.satisfaction in POOR_RATINGS or event.type == "escalation_requested"
        ):
            self.needed_at = round(event.occurred_at.timestamp() * 1000)

    def outcome(self) -> Outcome | None:
        """It needed a person if it got a poor rating, was reopened, or another system asked for one. It did not if none
        of that happened and it is closed or was rated well. Of others nothing is known.
        """
        if self.needed_at is not None:
            return Outcome(True, self.needed_at)
        return Outcome(False) if self.is_closed or self.is_rated_well else None


class Tickets:
    """The tickets of a history, by key."""

    def __init__(self) -> None:
        self._tickets: dict[bytes, Ticket] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._tickets)

    def add(self, event: TicketEvent) -> None:
        """Take an event into account."""
        key = ticket_key(event.tenant, event.ticket_id)
        ticket = self._tickets.get(key)
        if ticket is None:
            ticket = self._tickets[key] = Ticket()
        ticket.add(event)

    def resolved(self, key: bytes) -> int:
        """How often a ticket was resolved so far."""
        return self._tickets[key].resolved

    def outcomes(self, told: Mapping[bytes, bool] | None) -> tuple[Source, dict[bytes, Outcome]]:
        """What is known of which tickets, all from one source: those that somebody `told`; else those that events tell
        in their metadata; else what the history shows.
        """
        if told is not None:
            return "file", {key: Outcome(told[key]) for key in self._tickets if key in told}
        of_events = {key: Outcome(each.told) for key, each in self._tickets.items() if each.told is not None}
        if of_events:
            return "events", of_events
        shown = {key: each.outcome() for key, each in self._tickets.items()}
        return "history", {key: outcome for key, outcome in shown.items() if outcome is not None}


def truth(value: object) -> bool | None:
    """True or false as people write it; None for anything else."""
    if isinstance(value, bool):
        return value
    return _TRUTHS.get(str(value).strip().lower())


_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
