"""Which notices there must be: every event of a ticket kept in a list, everything worked out from the first one again.
Slow, and it shares no code with the product. It knows by heart the policy that `toml_of` writes.

Times are Unix milliseconds. A customer's words escalate when they score below 2 while nobody works on the ticket, and
so does another system's request, which names no priority.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.unit.naive_conversations import DAY, FORGOTTEN_AFTER, HOUR, LEVELS, MINUTE, OVER, SECOND, SKEW, Happened

AHEAD = 10 * MINUTE
RESPOND = {"low": 4 * HOUR, "medium": 2 * HOUR, "high": HOUR, "urgent": 15 * MINUTE}
RESOLVE = {"low": 3 * DAY, "medium": 2 * DAY, "high": DAY, "urgent": 6 * HOUR}


class Wanted(NamedTuple):
    """What the policy says."""

    acknowledge: str = "created"
    after: int = DAY
    only: str = "all"


def toml_of(wanted: Wanted) -> str:
    """The policy as a file."""

    def spans(targets: dict[str, int]) -> str:
        return ", ".join(f'{name} = "{span // SECOND}s"' for name, span in targets.items())

    return f"""
        name = "waits"
        version = 1
        acknowledge = {{ when = "{wanted.acknowledge}", angry = "Sorry, {{ticket_id}}.", other = "Hi, {{ticket_id}}." }}
        remind = {{ after = "{wanted.after // SECOND}s", only = "{wanted.only}" }}
        [late]
        warn_before = "{AHEAD // SECOND}s"
        respond_within = {{ {spans(RESPOND)} }}
        resolve_within = {{ {spans(RESOLVE)} }}
        [[rules]]
        name = "very_negative"
        when.all = [{{ fact = "score", below = 2.0 }}, {{ fact = "status", in = ["new", "open"] }}]
        then.priority = "high"
        then.reason = "Low."
    """


@dataclass(frozen=True)
class Ticked:
    """The clock told the partition the time; only `known` tickets had been committed before."""

    now: int
    known: frozenset[tuple[str, str]]


Entry = Happened | Ticked | Wanted


class Told(NamedTuple):
    """A notice: what, of which ticket, since when it waits and when it will be late, when it was told, and how the
    ticket stood.
    """

    what: str
    ticket: tuple[str, str]
    since: int
    late_at: int
    at: int
    status: str
    priority: str
    escalated: bool


@dataclass
class Story:
    """All events of a ticket that counted, in the log's order, and what was told of it, with the opening it was of."""

    events: list[Happened] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)

    @property
    def last_at(self) -> int:
        return max(event.at for event in self.events)

    def moments(self) -> Iterator["Now"]:
        """How the ticket stood after each event."""
        now = Now()
        for place, event in enumerate(self.events):
            now = now.after(event, place)
            yield now


class Now(NamedTuple):
    """How a ticket stands. `opening` is the place of the event that opened it last."""

    status: str = "new"
    status_at: int = 0
    priority: str = "medium"
    opening: int | None = None
    since: int = 0
    answered: bool = False
    words: int = 0
    escalated_at: int | None = None
    escalates: bool = False

    def after(self, event: Happened, place: int) -> "Now":
        counts = event.status is not None and event.at >= self.status_at
        status = event.status if counts and event.status else self.status
        now = self._replace(
            status=status,
            status_at=event.at if counts else self.status_at,
            priority=event.priority or self.priority,
            answered=self.answered or event.speaker == "agent",
            words=self.words + (event.speaker == "customer"),
            escalates=False,
        )
        ends = status in OVER and status != self.status
        if ends and now.escalated_at is not None and now.status_at >= now.escalated_at - SKEW:
            now = now._replace(escalated_at=None)
        if status in OVER:
            now = now._replace(opening=None)
        elif now.opening is None and not event.is_late and _asks(event):
            now = now._replace(opening=place, since=max(event.at, event.appended))
        low = event.speaker == "customer" and event.score is not None and event.score < 2
        requested = event.type == "escalation_requested"
        if now.escalated_at is None and (requested or (low and status in ("new", "open"))):
            raised = max("high", now.priority, key=LEVELS.index)
            now = now._replace(escalated_at=event.at, escalates=True, priority=raised)
        return now


def _asks(event: Happened) -> bool:
    """Whether it says that there is something to do."""
    if event.speaker is None:
        return event.status is not None or event.type == "escalation_requested"
    return event.speaker == "customer" or (event.speaker == "agent" and event.status is not None)


def told_of(entries: Iterable[Entry], event_ids: int) -> list[Told]:
    """Every notice that there must be after all entries."""
    wanted, stories, told, newest = Wanted(), dict[tuple[str, str], Story](), list[Told](), 0
    for entry in entries:
        if isinstance(entry, Wanted):
            wanted = entry
        elif isinstance(entry, Happened):
            newest = max(newest, entry.at)
            key = (entry.tenant, entry.ticket)
            story = stories.get(key)
            if story is not None and entry.at - story.last_at > FORGOTTEN_AFTER:
                story = None
            if story is not None and entry.id in [each.id for each in story.events][-event_ids:]:
                continue
            story = stories[key] = story or Story()
            story.events.append(entry)
            told += _acknowledged(story, key, wanted)
        else:
            for key, story in stories.items():
                told += _due(story, key, wanted, entry.now)
            for key in entry.known & stories.keys():
                if newest - stories[key].last_at > FORGOTTEN_AFTER:
                    del stories[key]
    return told


def _acknowledged(story: Story, key: tuple[str, str], wanted: Wanted) -> Iterator[Told]:
    event, (*_, now) = story.events[-1], story.moments()
    is_first = now.words == 1 and not now.answered
    if event.speaker != "customer" or event.is_late or now.status in OVER:
        return
    if (wanted.acknowledge == "created" and is_first) or (wanted.acknowledge == "escalated" and now.escalates):
        yield Told("acknowledgement", key, 0, 0, event.at, "", now.priority, False)


def _due(story: Story, key: tuple[str, str], wanted: Wanted, clock: int) -> Iterator[Told]:
    *_, now = story.moments()
    if now.opening is None or now.status not in ("new", "open", "in_progress"):
        return
    is_escalated = now.escalated_at is not None
    late = {
        "reminder": (wanted.after, wanted.after),
        "response_due": (_warned(RESPOND[now.priority]), RESPOND[now.priority]),
        "resolution_due": (_warned(RESOLVE[now.priority]), RESOLVE[now.priority]),
    }
    for what, (warned, span) in late.items():
        # Of an opening there is one reminder, of a conversation one warning of each kind.
        before = [opening for each, opening in story.told if each == what]
        if (now.opening in before) if what == "reminder" else before:
            continue
        is_asked_for = {
            "reminder": wanted.only == "all" or (wanted.only == "escalated" and is_escalated),
            "response_due": not now.answered,
        }.get(what, True)
        if is_asked_for and now.since + warned <= clock:
            story.told.append((what, now.opening))
            yield Told(what, key, now.since, now.since + span, clock, now.status, now.priority, is_escalated)


def _warned(target: int) -> int:
    return target - min(AHEAD, target // 2)
