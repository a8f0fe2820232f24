"""What conversations and escalations must be: every event kept in plain lists, everything worked out from the first one
again. Slow, and it shares no code with the product. It knows the rules of tests/policies/watched.toml by heart.

Times are Unix milliseconds. A status counts unless a newer one is known; everything else counts in the log's order.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
# Of the policy, and of windows.
FORGOTTEN_AFTER, HISTORY = 7 * DAY, 10
AHEAD, BEHIND = 5 * MINUTE, 2 * DAY
# How much the clocks of producers differ.
SKEW = 5 * MINUTE
LEVELS = ("low", "medium", "high", "urgent")
OVER = ("resolved", "closed")


@dataclass(frozen=True)
class Happened:
    """One event of a ticket as its producer means it. `robot` marks an automatic reply in the customer's name."""

    tenant: str
    ticket: str
    id: str
    occurred: int
    appended: int
    type: str = "message"
    author: str | None = None
    robot: bool = False
    text: str = ""
    score: float | None = None
    signals: tuple[str, ...] = ()
    status: str | None = None
    priority: str | None = None
    session: str | None = None
    customer: str | None = None
    rating: int | None = None

    @property
    def at(self) -> int:
        return min(self.occurred, self.appended + AHEAD)

    @property
    def is_late(self) -> bool:
        return self.occurred < self.appended - BEHIND

    @property
    def speaker(self) -> str | None:
        if self.type not in ("created", "message", "agent_reply"):
            return None
        if self.author in ("bot", "system"):
            return self.author
        if self.author == "agent" or self.type == "agent_reply":
            return "agent"
        return "system" if self.robot else "customer"


@dataclass(frozen=True)
class Ticked:
    """The clock told a partition the time; only `known` tickets had been committed before."""

    now: int
    known: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """The registry told a ticket how many the customer has."""

    tenant: str
    ticket: str
    appended: int
    tickets: int


@dataclass(frozen=True)
class Numbered:
    """The registry gave a number to an escalation, the how-manyth of its ticket ever."""

    tenant: str
    ticket: str
    escalation: int
    number: str


@dataclass(frozen=True)
class Patience:
    """Another policy: customers may wait for so long."""

    span: int


Entry = Happened | Ticked | Told | Numbered | Patience


@dataclass
class Alarm:
    """An escalation as it must stand."""

    tenant: str
    ticket: str
    rule: str
    episode: int
    cause: str | None
    at: int
    priority: str
    raised_by: list[str] = field(default_factory=list)
    state: str = "open"
    revision: int = 1
    number: str | None = None
    acknowledged_at: int | None = None
    answered_at: int | None = None
    resolved_at: int | None = None
    reopened: int = 0
    is_over: bool = False


@dataclass
class Story:
    """One conversation: its events, and what was decided on it."""

    events: list[Happened] = field(default_factory=list)
    priority: str = "medium"
    tickets: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    fired: list[tuple[str, int, str | None]] = field(default_factory=list)

    # -- what the list of events says

    @property
    def words(self) -> list[Happened]:
        return [event for event in self.events if event.speaker == "customer"]

    @property
    def last_at(self) -> int:
        return max(event.at for event in self.events)

    @property
    def statuses(self) -> list[tuple[int, Happened]]:
        """The changes of status that counted when they came, and their places."""
        told = [(place, event) for place, event in enumerate(self.events) if event.status]
        return [each for number, each in enumerate(told) if all(each[1].at >= one.at for _, one in told[:number])]

    @property
    def status(self) -> str:
        return self.statuses[-1][1].status or "" if self.statuses else "new"

    @property
    def questions(self) -> list[Happened]:
        """The customer's words that nobody has answered. Who closes a ticket with his own words asks again."""
        ends = [place for place, event in self.statuses if event.status in OVER]
        answers = [place for place, event in enumerate(self.events) if event.speaker == "agent"]
        end = max([*ends, *answers], default=-1)
        return [event for event in self.events[max(end, 0) :] if event.speaker == "customer"]

    @property
    def waiting_since(self) -> int:
        return next((max(event.at, event.appended) for event in self.questions if not event.is_late), 0)

    @property
    def _status_pairs(self) -> list[tuple[str, str, int]]:
        known = [("new", 0), *((event.status or "", event.at) for _, event in self.statuses)]
        return [(before, after, at) for (before, _), (after, at) in pairwise(known)]

    @property
    def reopened(self) -> int:
        return sum(before in OVER and after not in OVER for before, after, _ in self._status_pairs)

    @property
    def resolved_at(self) -> int:
        ends = [at for before, after, at in self._status_pairs if after in OVER and before not in OVER]
        return ends[-1] if ends else 0

    @property
    def session(self) -> str | None:
        return next((event.session for event in reversed(self.events) if event.session), None)

    @property
    def in_session(self) -> list[Happened]:
        """The events since the session id changed last."""
        named = [(place, event.session) for place, event in enumerate(self.events) if event.session]
        begins = [place for (_, before), (place, after) in pairwise(named) if before != after]
        return self.events[begins[-1] if begins else 0 :]

    @property
    def words_in_session(self) -> list[Happened]:
        return [event for event in self.in_session if event.speaker == "customer"]

    @property
    def repeats(self) -> int:
        texts = [event.text for event in self.words_in_session]
        return texts[:-1][-10:].count(texts[-1]) if texts else 0

    @property
    def heard(self) -> dict[str, int]:
        given = [name for event in self.words_in_session for name in event.signals]
        return {name: given.count(name) for name in given}

    @property
    def scores(self) -> list[float]:
        return [event.score for event in self.words if event.score is not None][-HISTORY:]

    @property
    def drops(self) -> int:
        scores = self.scores
        while len(scores) > 1 and scores[-1] < scores[-2]:
            scores.pop()
        return len(self.scores) - max(len(scores), 1) if self.scores else 0

    def count(self, speaker: str) -> int:
        return sum(event.speaker == speaker for event in self.events)

    @property
    def customer(self) -> str | None:
        return next((event.customer for event in reversed(self.events) if event.customer), None)

    @property
    def answers_to(self) -> str | None:
        return next((event.speaker for event in reversed(self.events[:-1]) if event.speaker), None)

    @property
    def episode(self) -> int:
        return sum(alarm.is_over for alarm in self.alarms)

    @property
    def alarm(self) -> Alarm | None:
        """The one that runs."""
        return self.alarms[-1] if self.alarms and not self.alarms[-1].is_over else None


@dataclass(frozen=True)
class Case:
    """What a rule is asked about."""

    story: Story
    event: Happened | None
    now: int
    patience: int

    @property
    def score(self) -> float | None:
        return self.event.score if self.event and self.event.speaker == "customer" else None

    def scored_below(self, bound: float) -> bool:
        return self.score is not None and self.score < bound

    def gives(self, signal: str) -> bool:
        return bool(self.event and self.event.speaker == "customer" and signal in self.event.signals)

    def times_within(self, signal: str, span: int) -> int:
        seconds = [event.at // SECOND for event in self.story.words_in_session if signal in event.signals]
        return sum(second * SECOND > self.now - span for second in sorted(seconds)[-10:])

    @property
    def says(self) -> bool:
        return bool(self.event and self.event.speaker == "customer")


@dataclass(frozen=True)
class Rule:
    """When it holds, how urgent it is, and how often it may."""

    name: str
    priority: str
    holds: Callable[[Case], bool]
    once: str = "episode"
    cool_down: int = 0


RULES = (
    Rule("very_negative", "high", lambda case: case.scored_below(2) and case.story.status in ("new", "open")),
    Rule("legal", "urgent", lambda case: case.gives("legal_threat")),
    Rule(
        "dissatisfied",
        "high",
        lambda case: case.gives("wants_human") and case.story.heard["wants_human"] >= 3,
        once="session",
    ),
    Rule(
        "in_a_row",
        "medium",
        lambda case: case.gives("repeat_contact") and case.times_within("repeat_contact", HOUR) >= 2,
    ),
    Rule("repeating", "medium", lambda case: case.says and case.story.repeats >= 1, cool_down=2 * HOUR),
    Rule("reopened", "high", lambda case: case.story.reopened >= 1 and case.scored_below(4)),
    Rule("unheard", "high", lambda case: len(case.story.questions) >= 3 and case.scored_below(4.6)),
    Rule("falling", "medium", lambda case: case.says and case.story.drops >= 2),
    Rule(
        "bot_failed",
        "medium",
        lambda case: case.says and case.story.answers_to == "bot" and case.story.count("bot") >= 2,
    ),
    Rule(
        "many_tickets",
        "medium",
        lambda case: (
            case.story.tickets >= 2 and min(case.story.scores, default=10) < 5 and case.story.status in ("new", "open")
        ),
        once="ticket",
    ),
    Rule(
        "waiting",
        "medium",
        lambda case: (
            case.story.waiting_since > 0
            and case.now - case.story.waiting_since >= case.patience
            and case.story.status not in (*OVER, "awaiting_customer")
        ),
    ),
    Rule("poor_rating", "medium", lambda case: bool(case.event and case.event.rating == 1)),
)


@dataclass
class Outcome:
    """Everything that must be known after all entries."""

    stories: dict[tuple[str, str], Story] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    # What the registry must have been asked: "number", tenant, ticket, year; or "customer", tenant, ticket, customer.
    questions: list[tuple[str, str, str, Any]] = field(default_factory=list)
    # How many escalations each day's windows must count, by tenant and the day's first second.
    by_day: dict[tuple[str, int], int] = field(default_factory=dict)
    duplicates: int = 0
    late: int = 0


def outcome_of(entries: Iterable[Entry], event_ids: int, patience: int) -> Outcome:
    """Work through everything that ever happened to a partition."""
    return _Reader(event_ids, patience).read(entries)


class _Reader:
    def __init__(self, event_ids: int, patience: int) -> None:
        self._event_ids, self._patience = event_ids, patience
        self._newest = 0
        self._known = Outcome()

    def read(self, entries: Iterable[Entry]) -> Outcome:
        for entry in entries:
            if isinstance(entry, Happened):
                self._happened(entry)
            elif isinstance(entry, Ticked):
                self._ticked(entry)
            elif isinstance(entry, Told):
                self._told(entry)
            elif isinstance(entry, Numbered):
                self._numbered(entry)
            else:
                self._patience = entry.span
        return self._known

    def _happened(self, event: Happened) -> None:
        self._newest = max(self._newest, event.at)
        key = (event.tenant, event.ticket)
        story = self._known.stories.get(key)
        if story is not None and event.at - story.last_at > FORGOTTEN_AFTER:
            story = None
        if story is not None and event.id in [each.id for each in story.events][-self._event_ids :]:
            self._known.duplicates += 1
            return
        if story is None:
            story = self._known.stories[key] = Story()
        before = replace(story, events=list(story.events))
        story.events.append(event)
        story.priority = event.priority or story.priority
        self._known.late += event.is_late
        if story.alarms:
            _follow(story.alarms[-1], event, before.status, story.status)
        self._decide(story, event, event.at, counts=not event.is_late)
        if story.customer and (not before.events or before.customer != story.customer):
            self._known.questions.append(("customer", event.tenant, event.ticket, story.customer))

    def _ticked(self, tick: Ticked) -> None:
        for story in list(self._known.stories.values()):
            due = -(-(story.waiting_since + self._patience) // (5 * SECOND)) * 5 * SECOND
            if story.waiting_since and due <= tick.now:
                self._decide(story, None, tick.now, counts=True)
        for key in tick.known & self._known.stories.keys():
            if self._newest - self._known.stories[key].last_at > FORGOTTEN_AFTER:
                del self._known.stories[key]

    def _told(self, told: Told) -> None:
        story = self._known.stories.get((told.tenant, told.ticket))
        if story is not None:
            story.tickets = told.tickets
            self._decide(story, None, told.appended, counts=True)

    def _numbered(self, given: Numbered) -> None:
        key = (given.tenant, given.ticket)
        alarm = [alarm for alarm in self._known.alarms if (alarm.tenant, alarm.ticket) == key][given.escalation]
        story = self._known.stories.get(key)
        # The one that runs and the one before it are remembered.
        if story is not None and alarm in story.alarms and alarm.episode >= story.episode - 1:
            alarm.number = given.number
            alarm.revision += 1

    def _decide(self, story: Story, event: Happened | None, now: int, *, counts: bool) -> None:
        found = self._rule(story, event, now)
        if found is None:
            return
        name, priority = found
        story.fired.append((name, now, story.session))
        running = story.alarm
        if running is not None:
            running.priority = max(priority, running.priority, key=LEVELS.index)
            running.raised_by.append(name)
            running.revision += 1
            story.priority = running.priority
            return
        first = story.events[0]
        priority = max(priority, story.priority, key=LEVELS.index)
        alarm = Alarm(first.tenant, first.ticket, name, story.episode, event.id if event else None, now, priority)
        story.priority = priority
        story.alarms.append(alarm)
        self._known.alarms.append(alarm)
        year = datetime.fromtimestamp(now / SECOND, UTC).year
        self._known.questions.append(("number", first.tenant, first.ticket, year))
        if counts:
            day = (first.tenant, now // DAY * DAY // SECOND)
            self._known.by_day[day] = self._known.by_day.get(day, 0) + 1

    def _rule(self, story: Story, event: Happened | None, now: int) -> tuple[str, str] | None:
        floor = LEVELS.index(story.alarm.priority) if story.alarm else -1
        if event is not None and event.type == "escalation_requested":
            asked = event.priority or "high"
            return ("requested", asked) if LEVELS.index(asked) > floor else None
        may_cause = (
            event is None
            or event.speaker == "customer"
            or event.type == "rated"
            or (event.type == "status_changed" and story.status not in OVER)
        )
        if not may_cause:
            return None
        case = Case(story, event, now, self._patience)
        for level in reversed(LEVELS[floor + 1 :]):
            for rule in RULES:
                if rule.priority == level and rule.holds(case) and _may_again(rule, story, now):
                    return rule.name, rule.priority
        return None


def _may_again(rule: Rule, story: Story, now: int) -> bool:
    fired = [(at, session) for name, at, session in story.fired if name == rule.name]
    if not fired:
        return True
    at, session = fired[-1]
    if rule.once == "ticket" or (rule.once == "session" and session == story.session):
        return False
    return not rule.cool_down or now - at >= rule.cool_down


def _follow(alarm: Alarm, event: Happened, before: str, after: str) -> None:
    """What an event after an alarm, by its own time too, means for it."""
    if event.at < alarm.at - SKEW:
        return
    at, changed = max(event.at, alarm.at), False
    if event.type == "agent_reply" and event.speaker == "agent" and alarm.answered_at is None:
        alarm.answered_at, changed = at, True
        if alarm.state in ("open", "acknowledged"):
            alarm.state = "responded"
    if after != before:
        if after in OVER and alarm.state != "resolved":
            alarm.state, alarm.resolved_at, alarm.is_over, changed = "resolved", at, True, True
        elif after not in OVER and alarm.state == "resolved":
            alarm.state = "responded" if alarm.answered_at is not None else "open"
            alarm.reopened, changed = alarm.reopened + 1, True
        elif after in ("in_progress", "awaiting_customer") and alarm.acknowledged_at is None:
            alarm.acknowledged_at, changed = at, True
            if alarm.state == "open":
                alarm.state = "acknowledged"
    alarm.revision += changed


def registry_answer(questions: list[tuple[str, str, str, Any]]) -> Any:
    """The answer to the last question, of all that were ever asked, in their order."""
    kind, tenant, _, about = questions[-1]
    if kind == "number":
        count = sum(question[:2] == ("number", tenant) and question[3] == about for question in questions)
        return f"TKT-{about}-{count:04d}"
    return len({ticket for asked, whose, ticket, who in questions if (asked, whose, who) == (kind, tenant, about)})
