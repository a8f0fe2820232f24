"""What windows have counted of one ticket: so that it counts once in each of them, and the times to its first answer
and to its resolutions are right in whatever order its events come. Pure.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

from schemas.scored import ScoredEvent
from streams.conversations import CLOSED, is_spoken, speaker_of
from streams.visited import Visited, from_about, highest, near, with_number
from streams.windows import DIMENSIONS, NOTHING_NEW, Fact, Place, Share, WindowRules, cells_of

# Changes of status that are kept of a ticket: some forty kilobytes. Only a machine makes more of them in two days.
MAX_CHANGES: Final = 1_000


# Rows of state are many: the garbage collector need not look at what holds no cycle.
class Change(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """A change of the ticket's status. Changes of one time are in the order of what they say."""

    at: int
    closed: bool
    resolves: bool
    place: Place


class Counted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was counted of a ticket. Times are Unix milliseconds, 0 for never.

    `opened_at` and `opened` are of the first event, of those of one time the one with the least place, and
    `answered_at` and `answered_by` (agent, product and stage) of an agent's first reply. `visits` tell for each cell in
    which of the smallest windows the ticket was counted (the how-manyth since 1970); they and the changes go back as
    far as events may be late. Of the changes there are the newest, MAX_CHANGES at most.
    """

    opened_at: int
    opened: Place
    last_at: int
    answered_at: int = 0
    answered_by: tuple[str, str, str] = ("", "", "")
    changes: tuple[Change, ...] = ()
    visits: dict[str, Visited] = {}


def count(
    counted: Counted | None, event: ScoredEvent, at: int, place: Place, appended: int, rules: WindowRules
) -> tuple[Counted, Share]:
    """What is counted of a ticket after an event at a time and place, and what the event adds.

    A ticket in which nothing happened for the remembered time begins anew, but counts in no window a second time.
    """
    if counted is None:
        visits, new = _visit({}, place, at // 1000, rules.sizes)
        return _told(None, Counted(at, place, at, visits=visits), event, at, place, new)
    known = _without_old(counted, appended, rules)
    if at - known.last_at > rules.ticket_memory * 1000:
        known = Counted(at, place, at, visits=known.visits)
    visits, new = _visit(known.visits, place, at // 1000, rules.sizes)
    opened_at, opened = known.opened_at, known.opened
    is_first = at < opened_at or (at == opened_at and place < opened)
    if is_first:
        opened_at, opened = at, place
    last_at = max(known.last_at, at)
    after = Counted(opened_at, opened, last_at, known.answered_at, known.answered_by, known.changes, visits)
    if not is_first and event.status is None and (event.voice == "customer" or 0 < known.answered_at < at):
        # As most events are.
        return after, Share(new) if visits is not known.visits else NOTHING_NEW
    return _told(known, after, event, at, place, new)


def is_done_with(counted: Counted, now: int, rules: WindowRules) -> bool:
    """Whether an event that is appended from `now` on begins the ticket anew, even one that is late. By then no window
    is left in which the ticket was counted.
    """
    beyond = rules.ticket_memory + rules.late_horizon + rules.future_tolerance
    return now - counted.last_at > beyond * 1000


def _told(
    before: Counted | None, after: Counted, event: ScoredEvent, at: int, place: Place, new: Sequence[int]
) -> tuple[Counted, Share]:
    """Note a reply or a change of status in `after`, which nobody else has seen, and tell what that changes."""
    if is_spoken(event) and speaker_of(event) == "agent":
        _answer(after, at, place)
    is_moved = before is None or (before.opened_at, before.opened) != (after.opened_at, after.opened)
    # All facts hang on when the ticket began; else a change concerns its neighbours only.
    was, now = (after.changes, after.changes) if is_moved else ((), ())
    if event.status is not None:
        was, now = _change(after, _change_of(event, at, place), is_moved=is_moved)
    facts = Counter(_facts(after, now))
    facts.subtract(_facts(before, was) if before is not None else ())
    gained = [fact for fact, times in facts.items() for _ in range(times)]
    lost = [fact for fact, times in facts.items() for _ in range(-times)]
    return after, Share(new, gained, lost)


def _answer(after: Counted, at: int, place: Place) -> None:
    """Note a reply in what nobody else has seen yet."""
    if not after.answered_at or (at, place[3:]) < (after.answered_at, after.answered_by):
        msgspec.structs.force_setattr(after, "answered_at", at)
        msgspec.structs.force_setattr(after, "answered_by", place[3:])


def _change_of(event: ScoredEvent, at: int, place: Place) -> Change:
    resolves = event.type == "status_changed" and event.status == "resolved"
    return Change(at, event.status in CLOSED, resolves, place)


def _change(after: Counted, change: Change, *, is_moved: bool) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Note a change of status in what nobody else has seen yet; returns the changes before and after it whose facts may
    differ. What was before one that is older than all of so many that are kept is not known: it reopens nothing.
    """
    known = after.changes
    index = bisect_right(known, change)
    if index == 0 and len(known) >= MAX_CHANGES:
        changes = (msgspec.structs.replace(change, closed=False), *known)
    else:
        changes = (*known[:index], change, *known[index:])
        msgspec.structs.force_setattr(after, "changes", changes[-MAX_CHANGES:])
    first = max(index - 1, 0)
    return (known, changes) if is_moved else (known[first : index + 1], changes[first : index + 2])


def _facts(counted: Counted, changes: Sequence[Change]) -> Iterator[Fact]:
    """Those of a ticket's beginning and of some successive changes.

    A fact has the channel, category and priority of the ticket's first event, and agent, product and stage of its
    own event. That counts with these anyway: a fact that is taken back leaves no value behind that nothing else has.
    """
    opened_at, opened = counted.opened_at, counted.opened
    # Where an agent wrote first, nothing was asked.
    if counted.answered_at > opened_at:
        place = Place(*opened[:3], *counted.answered_by)
        yield Fact("answered", counted.answered_at, place, counted.answered_at - opened_at)
    for change in changes:
        if change.resolves:
            place = Place(*opened[:3], *change.place[3:])
            yield Fact("resolved", change.at, place, change.at - opened_at)
    for earlier, later in pairwise(changes):
        if earlier.closed and not later.closed:
            yield Fact("reopened", later.at, later.place)


def _visit(
    visits: dict[str, Visited], place: Place, second: int, sizes: Sequence[int]
) -> tuple[dict[str, Visited], Sequence[int]]:
    """The visits with one more; and for overall and each dimension the sizes of windows, as bits, in which the ticket
    was not counted so far.
    """
    smallest = second // sizes[0]
    new = [0] * (1 + len(DIMENSIONS))
    after = visits
    for number, name in _names_of(place):
        visited = visits.get(name)
        if visited is None:
            new[number] = (1 << len(sizes)) - 1
        else:
            newest = highest(visited)
            if newest == smallest:
                continue
            if newest < smallest:
                # Events mostly come in order: of all visits the last one is the nearest.
                missing = sum(bit for bit, begin in _begins(smallest, sizes) if newest < begin)
            else:
                missing = _missing(visited, smallest, sizes)
                if not missing & 1:
                    continue
            new[number] = missing
        if after is visits:
            after = visits.copy()
        after[name] = with_number(visited or (), smallest)
    return after, new


def _missing(visited: Visited, smallest: int, sizes: Sequence[int]) -> int:
    """The sizes of which the window around a smallest one was not visited, as bits."""
    below, above = near(visited, smallest)
    missing = 0
    for size, (bit, begin) in zip(sizes, _begins(smallest, sizes), strict=True):
        if (below is None or below < begin) and (above is None or above >= begin + size // sizes[0]):
            missing |= bit
    return missing


@lru_cache(maxsize=1_000)
def _begins(smallest: int, sizes: Sequence[int]) -> Sequence[tuple[int, int]]:
    """For each size its bit, and the first of the smallest windows of the one around this."""
    spans = [size // sizes[0] for size in sizes]
    return [(1 << number, smallest // span * span) for number, span in enumerate(spans)]


@lru_cache(maxsize=10_000)
def _names_of(place: Place) -> Sequence[tuple[int, str]]:
    """The cells of a place, by their numbers and short names."""
    return [(number, f"{number}{value}") for number, (_, value) in cells_of(place)]


def _without_old(counted: Counted, appended: int, rules: WindowRules) -> Counted:
    """Without what no event that is appended now or later asks for."""
    earliest = appended - rules.late_horizon * 1000
    if counted.opened_at >= earliest - rules.sizes[-1] * 1000:
        return counted
    oldest = (earliest // 1000 - rules.sizes[-1]) // rules.sizes[0]
    recent = {name: from_about(visited, oldest) for name, visited in counted.visits.items()}
    changes = counted.changes
    # Of the old changes the last one: what the next one changes hangs on it.
    past = bisect_left(changes, earliest, key=_time_of)
    return msgspec.structs.replace(
        counted,
        changes=changes[max(past - 1, 0) :],
        visits={name: visited for name, visited in recent.items() if visited},
    )


def _time_of(change: Change) -> int:
    return change.at
