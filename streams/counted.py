"""What windows have counted of one ticket: so that it counts once in each of them, and the times to its first answer
and to its resolutions are right in whatever order its events come. Pure.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from schemas.scored import ScoredEvent
from streams.conversations import CLOSED, is_spoken, speaker_of
from streams.visited import Visited, from_about, near, with_number
from streams.windows import DIMENSIONS, NOTHING_NEW, Fact, Place, Share, WindowRules


class Change(NamedTuple):
    """A change of the ticket's status. Changes of one time are in the order of what they say."""

    at: int
    closed: bool
    resolves: bool
    place: Place


class Visit(NamedTuple):
    """A place where the ticket was counted, and in which of the smallest windows (the how-manyth since 1970)."""

    place: Place
    smallest: Visited


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """What was counted of a ticket. Times are Unix milliseconds, 0 for never.

    `opened_at` and `opened` are of the first event, of those of one time the one with the least place, and
    `answered_at` and `answered_by` (agent, product and stage) of an agent's first reply. Visits and changes go back as
    far as events may be late.
    """

    opened_at: int
    opened: Place
    last_at: int
    answered_at: int = 0
    answered_by: tuple[str, str, str] = ("", "", "")
    changes: tuple[Change, ...] = ()
    visits: tuple[Visit, ...] = ()


def count(
    counted: Counted | None, event: ScoredEvent, at: int, place: Place, appended: int, rules: WindowRules
) -> tuple[Counted, Share]:
    """What is counted of a ticket after an event at a time and place, and what the event adds.

    A ticket in which nothing happened for the remembered time begins anew, but counts in no window a second time.
    """
    smallest = at // 1000 // rules.sizes[0]
    if counted is not None:
        counted = _without_old(counted, appended, rules)
        if at - counted.last_at > rules.ticket_memory * 1000:
            counted = Counted(at, place, at, visits=counted.visits)
    if counted is None:
        everywhere = (1 << len(rules.sizes)) - 1
        after = Counted(at, place, at, visits=(Visit(place, with_number((), smallest)),))
        return _told(None, after, event, at, place, (everywhere,) * (1 + len(DIMENSIONS)))
    after = msgspec.structs.replace(counted, last_at=max(counted.last_at, at))
    new = _new_in(counted.visits, place, smallest, rules.sizes)
    if any(new):
        msgspec.structs.force_setattr(after, "visits", _visited(counted.visits, place, smallest))
    if (at, place) < (counted.opened_at, counted.opened):
        msgspec.structs.force_setattr(after, "opened_at", at)
        msgspec.structs.force_setattr(after, "opened", place)
    return _told(counted, after, event, at, place, new)


def is_done_with(counted: Counted, now: int, rules: WindowRules) -> bool:
    """Whether an event that is appended from `now` on begins the ticket anew, even one that is late. By then no window
    is left in which the ticket was counted.
    """
    beyond = rules.ticket_memory + rules.late_horizon + rules.future_tolerance
    return now - counted.last_at > beyond * 1000


def _told(
    before: Counted | None, after: Counted, event: ScoredEvent, at: int, place: Place, new: Sequence[int]
) -> tuple[Counted, Share]:
    """Note an answer or a change of status in `after`, which nobody else has seen, and tell what that changes."""
    set_field = msgspec.structs.force_setattr
    if is_spoken(event) and speaker_of(event) == "agent":
        answered = (after.answered_at, after.answered_by)
        if not after.answered_at or (at, place[3:]) < answered:
            set_field(after, "answered_at", at)
            set_field(after, "answered_by", place[3:])
    if event.status is not None:
        resolves = event.type == "status_changed" and event.status == "resolved"
        change = Change(at, event.status in CLOSED, resolves, place)
        set_field(after, "changes", tuple(sorted((*after.changes, change))))
    if before is not None and event.status is None and _times(before) == _times(after):
        # As most events are.
        return after, Share(new) if any(new) else NOTHING_NEW
    facts = Counter(_facts(after))
    facts.subtract(_facts(before) if before is not None else ())
    gained = [fact for fact, times in facts.items() for _ in range(times)]
    lost = [fact for fact, times in facts.items() for _ in range(-times)]
    return after, Share(new, gained, lost)


def _times(counted: Counted) -> tuple[int, Place, int, tuple[str, str, str]]:
    return counted.opened_at, counted.opened, counted.answered_at, counted.answered_by


def _facts(counted: Counted) -> Iterator[Fact]:
    """A fact has the channel, category and priority of the ticket's first event, and agent, product and stage of its
    own event. That counts with these anyway: a fact that is taken back leaves no value behind that nothing else has.
    """
    opened_at, opened = counted.opened_at, counted.opened
    # Where an agent wrote first, nothing was asked.
    if counted.answered_at > opened_at:
        place = Place(*opened[:3], *counted.answered_by)
        yield Fact("answered", counted.answered_at, place, counted.answered_at - opened_at)
    for change in counted.changes:
        if change.resolves:
            place = Place(*opened[:3], *change.place[3:])
            yield Fact("resolved", change.at, place, change.at - opened_at)
    for earlier, later in pairwise(counted.changes):
        if earlier.closed and not later.closed:
            yield Fact("reopened", later.at, later.place)


def _new_in(visits: Sequence[Visit], place: Place, smallest: int, sizes: Sequence[int]) -> Sequence[int]:
    """For overall and each dimension: the sizes of windows, as bits, in which the ticket was not counted so far."""
    new = [(1 << len(sizes)) - 1] * (1 + len(DIMENSIONS))
    for visited, numbers in visits:
        missing = _missing(numbers, smallest, sizes)
        new[0] &= missing
        for number, (there, here) in enumerate(zip(visited, place, strict=True), 1):
            if there == here:
                new[number] &= missing
    return new


def _missing(visited: Visited, smallest: int, sizes: Sequence[int]) -> int:
    """The sizes of which the window around a smallest one was not visited, as bits."""
    below, above = near(visited, smallest)
    if below == smallest:
        return 0
    missing = 0
    for number, size in enumerate(sizes):
        span = size // sizes[0]
        begin = smallest // span * span
        if (below is None or below < begin) and (above is None or above >= begin + span):
            missing |= 1 << number
    return missing


def _visited(visits: Sequence[Visit], place: Place, smallest: int) -> tuple[Visit, ...]:
    for number, visit in enumerate(visits):
        if visit.place == place:
            changed = Visit(place, with_number(visit.smallest, smallest))
            return (*visits[:number], changed, *visits[number + 1 :])
    return (*visits, Visit(place, with_number((), smallest)))


def _without_old(counted: Counted, appended: int, rules: WindowRules) -> Counted:
    """Without what no event that is appended now or later asks for."""
    earliest = appended - rules.late_horizon * 1000
    if counted.opened_at >= earliest - rules.sizes[-1] * 1000:
        return counted
    oldest = (earliest // 1000 - rules.sizes[-1]) // rules.sizes[0]
    recent = [Visit(place, from_about(numbers, oldest)) for place, numbers in counted.visits]
    changes = counted.changes
    # Of the old changes the last one: what the next one changes hangs on it.
    past = bisect_left(changes, earliest, key=_time_of)
    return msgspec.structs.replace(
        counted,
        changes=changes[max(past - 1, 0) :],
        visits=tuple(visit for visit in recent if visit.smallest),
    )


def _time_of(change: Change) -> int:
    return change.at
