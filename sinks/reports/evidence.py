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


class Open(NamedTuple):
    """A ticket that is urgent and not resolved, and since how many seconds."""

    ticket: str
    seconds: float


class Topic(NamedTuple):
    """A phrase of so many tickets; shares of texts, now and before."""

    phrase: str
    tickets: int
    share: float
    usual: float


class Evidence(NamedTuple):
    """All that findings are made of. `resolution` has the mean time to resolution in seconds, its interval if that is
    known, and of how many; `customers` those who wrote three times or more, of all. `volume` and `volume_before` are
    tickets by steps of equal length.
    """

    now: Group
    before: Group
    categories: tuple[Group, ...] = ()
    categories_before: tuple[Group, ...] = ()
    resolution: float | None = None
    resolved: int = 0
    customers: Counted = Counted(0, 0)
    customers_behind: str | None = None
    critical: tuple[Open, ...] = ()
    unanswered: Counted = Counted(0, 0)
    volume: tuple[int, ...] = ()
    volume_before: tuple[int, ...] = ()
    topics: tuple[Topic, ...] = ()
    slow: tuple[str, ...] = ()
    worst: tuple[str, ...] = ()
