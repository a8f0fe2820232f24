"""Windows from scored events and escalations, by the functions of `streams.windows`, and how they differ. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.scored import ScoredEvent
from schemas.windows import Totals, WindowKey
from streams.counted import count
from streams.values import limited
from streams.windows import Place, Tally, WindowRules, event_time, place_of

_NOTHING: Final = Totals()
# Events that are added up at once.
_BATCH: Final = 5_000


class Days(NamedTuple):
    """The windows that lie in whole spans of the largest size: from `begin` up to, not including, `end` (Unix seconds),
    of one tenant or (None) of all.
    """

    begin: int
    end: int
    tenant: str | None = None


class Stored(NamedTuple):
    """A window as it is stored."""

    totals: Totals
    revision: int
    final: bool
    version: int


class Cause(NamedTuple):
    """What an escalation came of: an event, at its time. One that the clock raised names the last event before."""

    tenant: str
    ticket_id: str
    event_id: str
    at: int


class Raised(NamedTuple):
    """An escalation, and where it counts."""

    cause: Cause
    channel: str
    category: str
    priority: str


class Kept(NamedTuple):
    """A scored event, its append (Unix milliseconds), and the time that it counts at without a clock ahead of ours."""

    event: ScoredEvent
    occurred: int
    appended: int


def counted(
    events: Iterable[Kept], raised: Iterable[Raised], rules: WindowRules, days: Days
) -> dict[WindowKey, Totals]:
    """The totals of every window of these days that these events and escalations count in.

    The events are all of each ticket that has any in these days, from its first one on: those of one ticket together,
    in the order of the log.
    """
    waiting = {each.cause: each for each in raised}
    found: dict[WindowKey, Totals] = {}
    tally = Tally(rules)
    ticket, known = ("", ""), None
    for number, kept in enumerate(events, 1):
        at, too_late, _ = event_time(kept.occurred, kept.appended, rules)
        event = kept.event
        caused = waiting.pop(Cause(event.tenant, event.ticket_id, event.event_id, at), None)
        if (event.tenant, event.ticket_id) != ticket:
            ticket, known = (event.tenant, event.ticket_id), None
        if not too_late:
            place = place_of(event)
            known, share = count(known, event, at, place, kept.appended, rules)
            tally.add(event, at, place, share, escalated=caused is not None)
        if number % _BATCH == 0:
            _add(tally, days, found)
            tally = Tally(rules)
    # What is left was raised by the clock, or by what was learnt of the customer.
    for each in waiting.values():
        place = Place(each.channel, each.category, each.priority)
        tally.add_escalation(each.cause.tenant, place, each.cause.at)
    _add(tally, days, found)
    return limited(found, rules.values)


class Difference(NamedTuple):
    """A window that is not stored as it is counted: None where one of them does not have it."""

    key: WindowKey
    stored: Totals | None
    counted: Totals | None

    def __str__(self) -> str:
        where = f"{self.key.tenant} {self.key.dimension} {self.key.value}".rstrip()
        if self.stored is None:
            return f"{where}: not stored, although {self.counted.events if self.counted else 0} events are"
        if self.counted is None:
            return f"{where}: stored, although no event of it is"
        fields = [
            f"{name} is {stored}, counted {again}"
            for name in Totals.__struct_fields__
            if (stored := getattr(self.stored, name)) != (again := getattr(self.counted, name))
        ]
        return f"{where}: {', '.join(fields)}"


def differences(
    stored: Mapping[WindowKey, Stored], again: Mapping[WindowKey, Totals], settled: int | None = None
) -> list[Difference]:
    """The final windows that differ, oldest first, and those that are missing although a later one is final; with
    `settled` (Unix seconds) those that are missing and end by then.
    """
    newest: dict[tuple[str, int], int] = {}
    for key, window in stored.items():
        if window.final:
            newest[key.tenant, key.size] = max(key.start, newest.get((key.tenant, key.size), 0))
    found = []
    for key in stored.keys() | again.keys():
        kept = stored.get(key)
        due = kept.final if kept is not None else _is_over(key, newest, settled)
        difference = Difference(key, kept.totals if kept is not None else None, again.get(key))
        # A window in which nothing counts any more may stand there with totals of 0.
        if due and (difference.stored or _NOTHING) != (difference.counted or _NOTHING):
            found.append(difference)
    return sorted(found, key=lambda one: (one.key.start, one.key.size, one.key.dimension, one.key.value))


def _is_over(key: WindowKey, newest: Mapping[tuple[str, int], int], settled: int | None) -> bool:
    if settled is not None:
        return key.end <= settled
    return key.start <= newest.get((key.tenant, key.size), -1)


def _add(tally: Tally, days: Days, found: dict[WindowKey, Totals]) -> None:
    for key, totals in tally.windows().items():
        if days.begin <= key.start < days.end:
            before = found.get(key)
            found[key] = before + totals if before else totals
