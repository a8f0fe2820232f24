"""Conversations and escalations against a model that keeps everything in lists (naive_conversations.py).

Random conversations of several tickets, customers and sessions are cut into batches anywhere; batches are lost and
owners change anywhere; the registry's answers come late and in another order. What was committed must be what the
naive model makes of the same events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from schemas import registry as asked
from schemas.escalations import Escalation, decode_escalation
from schemas.events import STATUSES, ticket_key
from schemas.registry import NumberWanted
from schemas.windows import WindowPartial, decode_partial
from streams import topics
from streams.conversations import Conversation, fingerprint
from streams.engine.log import Outgoing
from streams.registry import RegistryStage
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS, ESCALATIONS, MESSAGES
from streams.track.timers import STEP_MS
from tests.unit.naive_conversations import (
    DAY,
    HISTORY,
    HOUR,
    MINUTE,
    SECOND,
    Alarm,
    Entry,
    Happened,
    Numbered,
    Outcome,
    Patience,
    Story,
    Ticked,
    Told,
    outcome_of,
    registry_answer,
)
from tests.unit.records import NINE, RULES, Appended, Partition
from tests.unit.watched import recorded, time_of, watched

EVENT_IDS = 5
TICKETS = (("a", "t1"), ("a", "t2"), ("b", "t1"))


@dataclass
class World:
    """The product's partitions of both stages, and the entries that tell the naive model what was done to them."""

    def __post_init__(self) -> None:
        self.stage = TrackStage(watched(HOUR), EVENT_IDS, RULES)
        self.track = Partition(self.stage)
        self.registry = Partition(RegistryStage())
        self.now = NINE
        self.entries: list[Entry] = []
        self.batch: list[tuple[Appended, Entry]] = []
        self.recent: list[Happened] = []
        self.questions: list[Outgoing] = []
        self.open_questions: list[int] = []
        self.answers: list[tuple[Outgoing, Callable[[int], Entry]]] = []
        self.asked: list[tuple[str, str, str, Any]] = []
        self.published: list[Escalation] = []
        self.told: dict[tuple[str, int], int] = {}
        self.events = 0
        self.duplicates = self.late = 0

    # -- what may happen

    def append(self, happened: Happened, behind: int) -> None:
        """An event is appended now; it occurred so long ago."""
        self.events += 1
        whole = replace(happened, id=f"e{self.events}", occurred=self.now - behind, appended=self.now)
        if abs(behind) <= HOUR:
            self.recent = [*self.recent[-3:], whole]
        self.batch.append((recorded(whole), whole))

    def append_again(self, which: int) -> None:
        """One of the last events is appended a second time."""
        if self.recent:
            again = replace(self.recent[which % len(self.recent)], appended=self.now)
            self.batch.append((recorded(again), again))

    def pass_time(self, span: int) -> None:
        """The clock goes on."""
        self.now += span
        if span >= DAY:
            self.recent = []

    def commit(self, *, ticking: bool, lost: bool) -> None:
        """What was appended goes through the stage, with a tick perhaps. A loss is a crash before the commit.

        Ticks come at the end of a timer's step. Between the end of a wait and the end of its step either is right: a
        ticket that is looked at for an older timer escalates, one that is not does so with the step.
        """
        if ticking:
            self.now = -(-self.now // STEP_MS) * STEP_MS
        records = [each for each, _ in self.batch]
        if lost:
            self.track.lose(*records, tick=self.now)
        if not records and not ticking:
            return
        live = frozenset(self._live())
        sent = self.track.process(*records, tick=self.now) if ticking else self.track.process(*records)
        self.duplicates += self.track.counts["duplicates",]
        self.late += self.track.counts["late",]
        self.entries += [entry for _, entry in self.batch]
        if ticking:
            self.entries.append(Ticked(self.now, live))
        self.batch = []
        self._take(sent)

    def take_over(self) -> None:
        """New owners of both partitions."""
        self.track.take_over()
        self.registry.take_over()

    def adopt(self, patience: int) -> None:
        """The policy is loaded anew."""
        self.commit(ticking=False, lost=False)
        self.stage.adopt(watched(patience))
        self.entries.append(Patience(patience))

    def ask(self, which: int) -> None:
        """The registry reads one of the open questions. Those with another key may overtake it."""
        if not self.open_questions:
            return
        number = self.open_questions.pop(which % len(self.open_questions))
        question = self.questions[number]
        (answer,) = self.registry.process(Appended(0, self.now, question.key, question.value))
        about = asked.decode_question(question.value or b"")
        kind, subject = ("number", about.year) if isinstance(about, NumberWanted) else ("customer", about.customer_id)
        self.asked.append((kind, about.tenant, about.ticket_id, subject))
        found = registry_answer(self.asked)
        assert answer.key == ticket_key(about.tenant, about.ticket_id)
        given = asked.decode_answer(answer.value or b"")
        if isinstance(given, asked.Numbered):
            assert given.number == found
            place = self._place(number)
            self.answers.append((answer, lambda _: Numbered(about.tenant, about.ticket_id, place, found)))
        else:
            assert isinstance(given, asked.CustomerKnown)
            assert given.tickets == found
            self.answers.append((answer, lambda now: Told(about.tenant, about.ticket_id, now, found)))

    def answer(self, which: int) -> None:
        """One of the answers is appended."""
        if self.answers:
            answer, entry = self.answers.pop(which % len(self.answers))
            headers = tuple(answer.headers)
            self.batch.append((Appended(0, self.now, answer.key, answer.value, headers), entry(self.now)))

    # -- what is compared

    def check(self) -> Outcome:
        """All that was committed is what the naive model knows."""
        expected = outcome_of(self.entries, EVENT_IDS, HOUR)
        live = {key: self.track.row(CONVERSATIONS, ticket_key(*key)) for key in TICKETS}
        assert {key: shown(row) for key, row in live.items() if row} == {
            key: shown_story(story) for key, story in expected.stories.items()
        }
        assert self._kept() == {
            key: (min(len([each for each in story.events if each.speaker]), HISTORY), min(len(story.alarms), 2))
            for key, story in expected.stories.items()
        }
        # The order of tickets that are due together is nobody's concern; that of one ticket is.
        ticket = itemgetter("ticket")
        assert sorted(map(shown_record, self._newest()), key=ticket) == sorted(
            map(shown_alarm, expected.alarms), key=ticket
        )
        whose = itemgetter(1, 2)
        assert sorted(map(_question, self.questions), key=whose) == sorted(expected.questions, key=whose)
        assert (self.duplicates, self.late) == (expected.duplicates, expected.late)
        return expected

    def _place(self, number: int) -> int:
        """Which of its ticket's questions for a number a question is."""
        asked_before = [_question(one)[:3] for one in self.questions[:number]]
        return asked_before.count(_question(self.questions[number])[:3])

    def _live(self) -> list[tuple[str, str]]:
        return [key for key in TICKETS if self.track.row(CONVERSATIONS, ticket_key(*key))]

    def _kept(self) -> dict[tuple[str, str], tuple[int, int]]:
        """How many messages and escalations are kept of each ticket of which anything is."""
        messages, records = self.track.keys(MESSAGES), self.track.keys(ESCALATIONS)
        counted = {}
        for key in TICKETS:
            name = ticket_key(*key)
            kept = sum(row.startswith(name) for row in messages), sum(row.startswith(name) for row in records)
            if self.track.row(CONVERSATIONS, name) or any(kept):
                counted[key] = kept
        return counted

    def _take(self, sent: Sequence[Outgoing]) -> None:
        for one in sent:
            if one.topic == topics.REGISTRY:
                self.open_questions.append(len(self.questions))
                self.questions.append(one)
            elif one.topic == topics.ESCALATIONS:
                self.published.append(decode_escalation(one.value or b""))
            elif one.topic == topics.PARTIALS:
                partial = decode_partial(one.value or b"")
                key = partial.key if isinstance(partial, WindowPartial) else None
                if key and isinstance(partial, WindowPartial) and (key.size, key.dimension) == (86400, "overall"):
                    self.told[key.tenant, key.start] = partial.totals.escalations

    def _newest(self) -> list[Escalation]:
        """The newest revision of each escalation, in the order in which they began."""
        newest: dict[str, Escalation] = {}
        for record in self.published:
            before = newest.get(record.escalation_id)
            # No revision is left out, sent twice or sent for another cause.
            assert record.revision == (before.revision + 1 if before else 1)
            newest[record.escalation_id] = record
        return list(newest.values())


def _question(one: Outgoing) -> tuple[str, str, str, Any]:
    question = asked.decode_question(one.value or b"")
    if isinstance(question, NumberWanted):
        return "number", question.tenant, question.ticket_id, question.year
    return "customer", question.tenant, question.ticket_id, question.customer_id


def shown(row: Conversation) -> dict[str, Any]:
    """What is compared of a conversation."""
    return {
        "opened_by": row.opened_by,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "status": row.status,
        "priority": row.priority,
        "counts": (row.customer_messages, row.agent_replies, row.bot_replies, row.messages),
        "waiting_since": row.waiting_since,
        "unanswered": row.unanswered,
        "resolved_at": row.resolved_at,
        "reopened": row.reopened,
        "repeats": row.repeats,
        "heard": {name: heard.times for name, heard in row.signals.items()},
        "scores": [score / 100 for score in row.scores],
        "customer": row.customer_id,
        "tickets": row.tickets,
        "episode": row.episode,
        "escalated": row.escalated,
        "seen": list(row.seen),
    }


def shown_story(story: Story) -> dict[str, Any]:
    """The same of a naive one."""
    return {
        "opened_by": fingerprint(story.events[0].id),
        "first_at": min(event.at for event in story.events),
        "last_at": story.last_at,
        "status": story.status,
        "priority": story.priority,
        "counts": (
            *(story.count(speaker) for speaker in ("customer", "agent", "bot")),
            sum(bool(event.speaker) for event in story.events),
        ),
        "waiting_since": story.waiting_since,
        "unanswered": len(story.questions),
        "resolved_at": story.resolved_at,
        "reopened": story.reopened,
        "repeats": story.repeats,
        "heard": story.heard,
        "scores": story.scores,
        "customer": story.customer,
        "tickets": story.tickets,
        "episode": story.episode,
        "escalated": story.alarm.priority if story.alarm else None,
        "seen": [fingerprint(event.id) for event in story.events][-EVENT_IDS:],
    }


def shown_record(record: Escalation) -> dict[str, Any]:
    """What is compared of an escalation."""
    return {
        "ticket": (record.tenant, record.ticket_id),
        "rule": (record.rule, record.episode, record.priority, list(record.raised_by)),
        "at": record.occurred_at,
        "state": (record.state, record.revision, record.reopened),
        "number": record.number,
        "acknowledged": record.acknowledged_at,
        "answered": (record.first_response_at, record.first_response_seconds),
        "resolved": (record.resolved_at, record.resolution_seconds),
    }


def shown_alarm(alarm: Alarm) -> dict[str, Any]:
    """The same of a naive one."""

    def since(at: int | None) -> tuple[datetime | None, float | None]:
        return (None, None) if at is None else (time_of(at), (at - alarm.at) / 1000)

    return {
        "ticket": (alarm.tenant, alarm.ticket),
        "rule": (alarm.rule, alarm.episode, alarm.priority, alarm.raised_by),
        "at": time_of(alarm.at),
        "state": (alarm.state, alarm.revision, alarm.reopened),
        "number": alarm.number,
        "acknowledged": since(alarm.acknowledged_at)[0],
        "answered": since(alarm.answered_at),
        "resolved": since(alarm.resolved_at),
    }


# -- random conversations

SIGNALS: tuple[tuple[str, ...], ...] = (
    *[()] * 3,
    *[("wants_human",)] * 4,
    ("repeat_contact",),
    ("legal_threat",),
    ("repeat_contact", "wants_human"),
)
KINDS = (
    *["message"] * 8,
    *["created", "agent_reply", "bot", "robot", "note"],
    *["status_changed"] * 5,
    *["rated", "escalation_requested"],
)


@st.composite
def happenings(draw: st.DrawFn) -> Happened:
    """An event of any kind, at no time yet."""
    tenant, ticket = draw(st.sampled_from([*TICKETS[:1] * 5, *TICKETS[1:]]))
    kind = draw(st.sampled_from(KINDS))
    base = Happened(
        tenant,
        ticket,
        "",
        0,
        0,
        session=draw(st.sampled_from([None] * 5 + ["s1", "s2"])),
        customer=draw(st.sampled_from([None, "c1", "c1", "c2"])),
        priority=draw(st.sampled_from([None] * 8 + ["low", "urgent"])),
    )
    status = draw(st.sampled_from([*STATUSES, "open", "resolved", "resolved"]))
    sometimes = draw(st.sampled_from([None] * 7 + [status]))
    if kind in ("message", "created"):
        return replace(
            base,
            type=kind,
            text=draw(st.sampled_from(["Where is it?", "It broke.", "Hello?", "Not again!"])),
            score=draw(st.sampled_from([None, 1.0, 3.0, 4.5, 6.0, 9.0])),
            signals=draw(st.sampled_from(SIGNALS)),
            status=sometimes,
        )
    if kind == "agent_reply":
        return replace(base, type=kind, text="We look into it.", score=5.0, status=sometimes, signals=("wants_human",))
    if kind in ("bot", "note"):
        return replace(base, author="bot" if kind == "bot" else "system", text="Have you tried?", score=1.0)
    if kind == "robot":
        return replace(base, robot=True, text="I am out of the office.", signals=("legal_threat",))
    if kind == "rated":
        return replace(base, type=kind, rating=draw(st.sampled_from([1, 5])))
    return replace(base, type=kind, status=status if kind == "status_changed" else None)


# How long before its append an event occurred: seldom so long that it is too late, or not to be waited for.
BEHIND = st.sampled_from([0] * 6 + [SECOND, -MINUTE, 10 * MINUTE, -10 * MINUTE, 2 * HOUR, -DAY, 3 * DAY, 9 * DAY])
SPANS = st.sampled_from([SECOND] * 3 + [7 * SECOND, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, DAY, 8 * DAY])

# The name of what happens, as a method of the world, and its arguments.
Step = tuple[str, dict[str, Any]]


def _steps() -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    which = st.integers(0, 5)
    return {
        "append": st.fixed_dictionaries({"happened": happenings(), "behind": BEHIND}),
        "append_again": st.fixed_dictionaries({"which": which}),
        "pass_time": st.fixed_dictionaries({"span": SPANS}),
        "commit": st.fixed_dictionaries({"ticking": st.booleans(), "lost": st.sampled_from([False, False, True])}),
        "take_over": st.just({}),
        "ask": st.fixed_dictionaries({"which": which}),
        "answer": st.fixed_dictionaries({"which": which}),
        "adopt": st.fixed_dictionaries({"patience": st.sampled_from([MINUTE, HOUR, DAY])}),
    }


STEPS = _steps()
OFTEN = (
    *["append"] * 12,
    *["append_again"] * 2,
    *["pass_time", "commit"] * 5,
    *["ask", "answer"] * 2,
    *["take_over", "adopt"],
)
ANYTHING = st.sampled_from(OFTEN).flatmap(lambda name: STEPS[name].map(lambda arguments: (name, arguments)))


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(ANYTHING, min_size=30, max_size=100))
def test_what_is_committed_is_what_a_list_of_everything_says(steps: list[Step]) -> None:
    world = World()
    for name, arguments in steps:
        getattr(world, name)(**arguments)
        if name in ("commit", "take_over"):
            world.check()
    world.commit(ticking=True, lost=False)
    expected = world.check()
    assert {day: count for day, count in world.told.items() if count} == expected.by_day
    for name, count in [("escalated", len(expected.alarms)), ("again", world.duplicates)]:
        event(f"{name}: {min(count, 3)}")
