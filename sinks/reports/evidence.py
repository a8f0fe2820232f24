"""What findings rest on: counts, now and in the span before. Data."""

from typing import NamedTuple

from sinks.reports.intervals import Counted


class Group(NamedTuple):
    """A category, or everything (`name` is empty): its customers' scored messages, those that are negative, its
    tickets and those that escalated. `behind` is the address of the tickets.
    """

    name: str
    messages: int
    negative: int
    tickets: int
    escalated: int
    behind: str | None = None

    @property
    def negatives(self) -> Counted:
        """The share of negative messages. Messages of one ticket are much alike, so it is as sure as if each ticket
        had one.
        """
        sure = min(self.messages, self.tickets)
        return Counted(self.negative / self.messages * sure if self.messages else 0.0, sure)

    @property
    def escalations(self) -> Counted:
        """The share of tickets that escalated."""
        return Counted(self.escalated, self.tickets)


class Listed(NamedTuple):
    """So many tickets, and the ids of some of them."""

    number: int
    ids: tuple[str, ...] = ()


class Mean(NamedTuple):
    """Of so many times, and how much they spread: seconds."""

    seconds: float
    deviation: float
    number: int


class Topic(NamedTuple):
    """A phrase of so many tickets; shares of texts, now and before."""

    phrase: str
    tickets: int
    share: float
    usual: float


class Evidence(NamedTuple):
    """All that findings are made of. `resolution` is the time to resolution; `customers` are those who had three
    tickets or more, of all; `critical` is urgent and not resolved, the oldest for `oldest` seconds. `volume` and
    `volume_before` are tickets by steps of equal length, each in every step in which something happened in it. `worst`
    and `slow` are ids of tickets, `…_behind` addresses.
    """

    now: Group
    before: Group
    categories: tuple[Group, ...] = ()
    categories_before: tuple[Group, ...] = ()
    resolution: Mean | None = None
    resolution_before: Mean | None = None
    customers: Counted = Counted(0, 0)
    repeating: tuple[str, ...] = ()
    critical: Listed = Listed(0)
    critical_behind: str | None = None
    oldest: float = 0.0
    unanswered: Counted = Counted(0, 0)
    unanswered_behind: str | None = None
    volume: tuple[int, ...] = ()
    volume_before: tuple[int, ...] = ()
    topics: tuple[Topic, ...] = ()
    slow: tuple[str, ...] = ()
    slow_behind: str | None = None
    worst: tuple[str, ...] = ()
