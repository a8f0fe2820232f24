"""Windows against a model that works them out from a list of all events (naive_windows.py), field by field.

Random events of a few tickets come late, early and twice, in any order, to several partitions. Batches are cut, lost
and played again anywhere; owners of either stage change anywhere; partitions stay without an event. What is published
at the end must be what the naive model makes of the same events, and all of it final.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from zlib import crc32

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from schemas.escalations import decode_escalation
from schemas.events import ticket_key
from schemas.readings import Reading
from schemas.scored import ScoredEvent, Sentiment, encode_event
from schemas.windows import NO_SCORE, WindowAggregate, decode_aggregate
from streams import topics
from streams.engine.log import Outgoing
from streams.track import TrackStage
from streams.trends import TrendsStage
from tests.unit.naive_conversations import AHEAD, DAY, HOUR, MINUTE, SECOND
from tests.unit.naive_windows import Cell, Escalated, Noted, windows_of
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition
from tests.unit.watched import time_of, watched

PARTITIONS, HOMES = 3, 2
VALUES: Final = 1
LATENESS_MS = RULES.allowed_lateness * SECOND
IDLE_MS = RULES.idle_after * SECOND
OURS = RULES._replace(values=VALUES)


def recorded(noted: Noted) -> Appended:
    """An event as the scored topic has it."""
    channel, category, priority, agent, product, stage = noted.values
    sentiment = None if noted.score is None else Sentiment(noted.score / 100, noted.label, 0.0, 0.0, 0.0)  # type: ignore[arg-type]
    scored = ScoredEvent(
        event_id=noted.id,
        tenant=noted.tenant,
        ticket_id=noted.ticket,
        type=noted.type,  # type: ignore[arg-type]
        channel=channel,  # type: ignore[arg-type]
        category=category,
        priority=priority,  # type: ignore[arg-type]
        agent_id=agent or None,
        product=product or None,
        journey_stage=stage or None,
        author=noted.author,
        status=noted.status,  # type: ignore[arg-type]
        satisfaction=noted.rating,
        occurred_at=time_of(noted.occurred),
        received_at=time_of(noted.appended),
        voice="customer" if noted.is_customers else "agent",
        sentiment=sentiment,
        reading=Reading(emotion=noted.emotion, urgency=noted.urgency),  # type: ignore[arg-type]
    )
    return Appended(0, noted.appended, ticket_key(noted.tenant, noted.ticket), encode_event(scored))


@dataclass
class World:
    """Partitions of `track` and of `trends`, and all that was committed."""

    def __post_init__(self) -> None:
        self.track = [Partition(TrackStage(watched(HOUR), EVENT_IDS, OURS), n, PARTITIONS) for n in range(PARTITIONS)]
        self.trends = [Partition(TrendsStage(OURS), n, HOMES) for n in range(HOMES)]
        self.now = NINE
        self.appended: list[list[Noted]] = [[] for _ in self.track]
        self.partials: list[list[Appended]] = [[] for _ in self.trends]
        self.events: dict[tuple[str, str, str], Noted] = {}
        self.highest = [0] * PARTITIONS
        self.escalated: list[Escalated] = []
        self.published: dict[Cell, WindowAggregate] = {}
        self.recent: list[Noted] = []
        self.reopened = self.moved = 0

    # -- what may happen

    def append(self, noted: Noted, behind: int) -> None:
        """An event is appended now; it occurred so long ago."""
        number = len(self.events) + sum(map(len, self.appended))
        self._append(replace(noted, id=f"e{number}", occurred=self.now - behind, appended=self.now))

    def append_again(self, which: int) -> None:
        """A producer sends one of the last events a second time."""
        if self.recent:
            self._append(replace(self.recent[which % len(self.recent)], appended=self.now))

    def pass_time(self, span: int) -> None:
        """The clock goes on."""
        self.now += span
        self.recent = []

    def count(self, where: int, share: int, *, ticking: bool, lost: bool) -> None:
        """A partition of `track` reads a part of what waits for it. A loss is a crash before the commit."""
        which = where % PARTITIONS
        waiting = self.appended[which]
        if not waiting:
            return
        taken = waiting[: max(1, len(waiting) * share // 100)]
        records = [recorded(each) for each in taken]
        now = self.now if len(taken) == len(waiting) else min(self.now, taken[-1].appended)
        if lost:
            self.track[which].lose(*records, tick=now)
        sent = self.track[which].process(*records, tick=now if ticking else None)
        self.appended[which] = waiting[len(taken) :]
        for each in taken:
            self.events.setdefault((each.tenant, each.ticket, each.id), each)
            self.highest[which] = max(self.highest[which], each.at)
        self._take(sent)

    def tick(self, where: int) -> None:
        """The clock tells a partition of `track` that has nothing to read."""
        which = where % PARTITIONS
        if not self.appended[which]:
            self._take(self.track[which].tick(self.now, idle=True))

    def merge(self, where: int, share: int, *, lost: bool) -> None:
        """A partition of `trends` reads a part of what waits for it, and publishes."""
        which = where % HOMES
        waiting = self.partials[which]
        records = waiting[: max(1, len(waiting) * share // 100)]
        if lost:
            self.trends[which].lose(*records, tick=self.now)
        self._publish(self.trends[which].process(*records, tick=self.now))
        self.partials[which] = waiting[len(records) :]

    def take_over(self, where: int) -> None:
        """A new owner of one partition."""
        partitions = self.track + self.trends
        partitions[where % len(partitions)].take_over()

    def finish(self) -> None:
        """Nothing more comes, and everything is read. Who has waited for long escalates, then the last windows end."""
        for which in range(PARTITIONS):
            while self.appended[which]:
                self.count(which, 100, ticking=True, lost=False)
        for _ in range(2):
            self.now += DAY + HOUR
            for which in range(PARTITIONS):
                self.tick(which)
            for which in range(HOMES):
                self.merge(which, 100, lost=False)

    # -- what is compared

    def check(self) -> None:
        """Every window that is published is final, and what the naive model makes of the events."""
        expected = windows_of(list(self.events.values()), self.escalated, VALUES)
        assert [cell for cell, window in self.published.items() if not window.final] == []
        found = {cell: shown(window) for cell, window in self.published.items()}
        assert {cell: totals for cell, totals in found.items() if totals} == expected

    def _append(self, noted: Noted) -> None:
        self.recent = [*self.recent[-3:], noted]
        self.appended[crc32(ticket_key(noted.tenant, noted.ticket)) % PARTITIONS].append(noted)

    def _take(self, sent: list[Outgoing]) -> None:
        for one in sent:
            if one.topic == topics.PARTIALS:
                homes = range(HOMES) if one.everywhere else [crc32(one.key or b"") % HOMES]
                for home in homes:
                    self.partials[home].append(Appended(0, self.now, one.key, one.value))
            elif one.topic == topics.ESCALATIONS:
                self._escalate(one.value or b"")

    def _escalate(self, value: bytes) -> None:
        record = decode_escalation(value)
        if record.revision == 1:
            at = round(record.occurred_at.timestamp() * 1000)
            where = (record.channel, record.category, record.priority_before, "", "", "")
            self.escalated.append(Escalated(record.tenant, record.ticket_id, record.event_id, at, where))

    def _publish(self, sent: list[Outgoing]) -> None:
        for one in sent:
            if one.topic == topics.WINDOWS:
                window = decode_aggregate(one.value or b"")
                cell = cell_of(window)
                before = self.published.get(cell)
                assert window.revision == (before.revision + 1 if before else 1)
                if before is not None and before.final:
                    assert window.final
                    self.reopened += 1
                if window.final:
                    self._check_passed(cell)
                self.moved += window.value == "other"
                self.published[cell] = window

    def _check_passed(self, cell: Cell) -> None:
        """No window is final before every partition has passed its end, by its events or, with none, by the clock."""
        end = (cell[2] + cell[1]) * SECOND + LATENESS_MS
        for highest in self.highest:
            assert highest >= end or self.now - IDLE_MS >= end


def cell_of(window: WindowAggregate) -> Cell:
    return window.tenant, window.size, int(window.start.timestamp()), window.dimension, window.value


def shown(window: WindowAggregate) -> dict[str, Any]:
    """The fields that say anything."""
    totals = {name: getattr(window.totals, name) for name in window.totals.__struct_fields__}
    for name in ("score_min", "score_max"):
        if totals[name] == NO_SCORE:
            del totals[name]
    return {name: value for name, value in totals.items() if value or name in ("score_min", "score_max")}


# -- random events

someone = st.builds(
    Noted,
    tenant=st.sampled_from(["a", "a", "a", "b"]),
    ticket=st.sampled_from(["t1", "t1", "t2"]),
    id=st.just(""),
    occurred=st.just(0),
    appended=st.just(0),
    values=st.tuples(
        st.sampled_from(["email", "chat"]),
        st.sampled_from(["billing", "general"]),
        st.sampled_from(["medium", "urgent", "low"]),
        st.sampled_from(["", "", "ann", "bob", "cid", "other"]),
        st.sampled_from(["", "app", "shop", "till"]),
        st.sampled_from(["", "order"]),
    ),
)
labels = st.sampled_from(["very_negative", "negative", "neutral", "positive", "very_positive"])
emotions, urgencies = st.sampled_from([None, "angry", "calm"]), st.sampled_from(["low", "medium", "critical"])


def _said(noted: Noted, score: int | None, label: str, emotion: str | None, urgency: str) -> Noted:
    return replace(noted, score=score, label=label, emotion=emotion, urgency=urgency)


kinds: list[st.SearchStrategy[Noted]] = [
    st.builds(_said, someone, st.one_of(st.none(), st.integers(0, 1000)), labels, emotions, urgencies),
    st.builds(
        lambda noted, author, score: replace(noted, type="agent_reply", author=author, score=score),
        someone,
        st.sampled_from([None, None, "bot"]),
        st.one_of(st.none(), st.integers(0, 1000)),
    ),
    st.builds(
        lambda noted, status: replace(noted, type="status_changed", status=status),
        someone,
        st.sampled_from(["open", "resolved", "resolved", "closed", "in_progress"]),
    ),
    st.builds(lambda noted, status: replace(noted, status=status), someone, st.sampled_from(["open", "closed"])),
    st.builds(lambda noted, rating: replace(noted, type="rated", rating=rating), someone, st.integers(1, 5)),
]
events = st.one_of(kinds)
behind = st.one_of(
    st.sampled_from([0, 0, MINUTE, HOUR, HOUR, 2 * HOUR, 12 * HOUR]),
    st.sampled_from([0, -MINUTE, -AHEAD, -DAY, DAY, 2 * DAY, 2 * DAY + 1, 3 * DAY]),
    st.integers(-2 * AHEAD, 2 * DAY),
)
Step = Callable[[World], None]
appends = st.builds(lambda noted, late: lambda world: world.append(noted, late), events, behind)
others: list[st.SearchStrategy[Step]] = [
    st.builds(lambda which: lambda world: world.append_again(which), st.integers(0, 3)),
    st.builds(
        lambda which, share, ticking, lost: lambda world: world.count(which, share, ticking=ticking, lost=lost),
        st.integers(0, PARTITIONS - 1),
        st.sampled_from([1, 50, 100]),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(lambda which: lambda world: world.tick(which), st.integers(0, PARTITIONS - 1)),
    st.builds(
        lambda which, share, lost: lambda world: world.merge(which, share, lost=lost),
        st.integers(0, HOMES - 1),
        st.sampled_from([1, 50, 100]),
        st.booleans(),
    ),
    st.builds(lambda which: lambda world: world.take_over(which), st.integers(0, PARTITIONS + HOMES - 1)),
    st.builds(
        lambda span: lambda world: world.pass_time(span),
        st.sampled_from([0, 1, SECOND, MINUTE, 5 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY]),
    ),
]
# Of one_of, each would be drawn as often.
steps = st.sampled_from([appends] * 12 + others).flatmap(lambda step: step)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(steps, min_size=30, max_size=70))
def test_windows_are_what_all_events_together_make(done: list[Step]) -> None:
    world = World()
    for step in done:
        step(world)
    world.finish()
    world.check()
    event(f"reopened: {world.reopened > 0}")
    event(f"values beyond the bound: {world.moved > 0}")
