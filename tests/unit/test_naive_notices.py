"""Reminders, warnings and acknowledgements against a model that keeps everything in lists (naive_notices.py).

Random events of several tickets, some of them late, early, repeated or out of order, are cut into batches anywhere; the
clock ticks at any time; batches are lost, owners and policies change anywhere.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from schemas.events import STATUSES, ticket_key
from schemas.notices import Acknowledged, Awaited, Told, decode_notice
from streams import topics
from streams.engine.log import Outgoing
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS
from tests.unit import naive_notices as naive
from tests.unit.naive_conversations import DAY, HOUR, MINUTE, SECOND, Happened
from tests.unit.naive_notices import Ticked, Wanted, told_of, toml_of
from tests.unit.records import NINE, RULES, Appended, Partition
from tests.unit.watched import recorded

EVENT_IDS = 5
TICKETS = (("a", "t1"), ("a", "t2"), ("b", "t1"))
# Timers are due at the end of their five seconds.
STEP = 5 * SECOND


@cache
def book(wanted: Wanted) -> PolicyBook:
    """The policy for everyone."""
    return PolicyBook({"waits": parse_policy(toml_of(wanted), "waits.toml")}, BookFile(default="waits"))


class World:
    """A partition of the product, and the entries that tell the model what was done to it."""

    def __init__(self) -> None:
        self.stage = TrackStage(book(Wanted()), EVENT_IDS, RULES)
        self.track = Partition(self.stage)
        self.now = NINE
        self.events = 0
        self.entries: list[naive.Entry] = []
        self.batch: list[tuple[Appended, Happened]] = []
        self.recent: list[Happened] = []
        self.told: list[naive.Told] = []

    def append(self, happened: Happened, behind: int) -> None:
        """An event is appended now; it occurred so long ago."""
        self.events += 1
        whole = replace(happened, id=f"e{self.events}", occurred=self.now - behind, appended=self.now)
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

    def commit(self, *, ticking: bool, lost: bool, wrong: int = 0) -> None:
        """What was appended goes through the stage, with a tick perhaps, by a clock that may be `wrong`. A loss is a
        crash before the commit.
        """
        clock = -(-(self.now + wrong) // STEP) * STEP if ticking else None
        records = [each for each, _ in self.batch]
        if lost:
            self.track.lose(*records, tick=clock)
        live = frozenset(key for key in TICKETS if self.track.row(CONVERSATIONS, ticket_key(*key)))
        sent = self.track.process(*records, tick=clock)
        self.entries += [entry for _, entry in self.batch]
        if clock is not None:
            self.entries.append(Ticked(clock, live))
        self.batch = []
        self.told += [shown(told) for told in notices(sent) if isinstance(told, Awaited | Acknowledged)]

    def take_over(self) -> None:
        """A new owner reads the changelog."""
        self.track.take_over()

    def adopt(self, wanted: Wanted) -> None:
        """The policy is loaded anew."""
        self.commit(ticking=False, lost=False)
        self.stage.adopt(book(wanted))
        self.entries.append(wanted)

    def check(self) -> list[naive.Told]:
        """What was told is what the model knows; in which order tickets are told of is nobody's concern."""
        expected = told_of(self.entries, EVENT_IDS)
        assert sorted(self.told) == sorted(expected)
        return expected


def notices(sent: list[Outgoing]) -> list[Told]:
    """What was told, keyed by tenant."""
    found = [decode_notice(one.value or b"") for one in sent if one.topic == topics.NOTICES]
    assert all(one.key in (b"a", b"b") for one in sent if one.topic == topics.NOTICES)
    return found


def shown(told: Awaited | Acknowledged) -> naive.Told:
    """What is compared of a notice."""
    key = (told.tenant, told.ticket_id)
    if isinstance(told, Acknowledged):
        assert told.text in (f"Hi, {told.ticket_id}.", f"Sorry, {told.ticket_id}.")
        return naive.Told("acknowledgement", key, 0, 0, _ms(told.at), "", told.priority, False)
    return naive.Told(
        told.what,
        key,
        _ms(told.since),
        _ms(told.late_at),
        _ms(told.at),
        told.status,
        told.priority,
        told.escalation_id is not None,
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


KINDS = (
    *["message"] * 7,
    *["created", "agent_reply", "bot", "robot", "note", "agent_note"],
    *["status_changed"] * 7,
    *["rated", "escalation_requested"],
)


@st.composite
def happenings(draw: st.DrawFn) -> Happened:
    """An event of any kind, at no time yet."""
    tenant, ticket = draw(st.sampled_from([*TICKETS[:1] * 4, *TICKETS[1:]]))
    kind = draw(st.sampled_from(KINDS))
    base = Happened(tenant, ticket, "", 0, 0, priority=draw(st.sampled_from([None] * 6 + ["low", "high", "urgent"])))
    status = draw(st.sampled_from([*STATUSES, "open", "resolved"]))
    sometimes = draw(st.sampled_from([None] * 4 + [status]))
    by_kind: dict[str, dict[str, Any]] = {
        "agent_reply": {"type": "agent_reply", "text": "We look into it."},
        "bot": {"author": "bot", "text": "Have you tried?"},
        "note": {"author": "system", "text": "The parcel left."},
        "agent_note": {"author": "agent", "text": "Called us."},
        "robot": {"robot": True, "text": "I am out of the office."},
        "rated": {"type": kind, "rating": 1},
        "status_changed": {"type": kind, "status": status},
        "escalation_requested": {"type": kind, "priority": None},
    }
    if kind in by_kind:
        spoken: dict[str, Any] = {"score": 1.0, "status": sometimes} if "text" in by_kind[kind] else {}
        return replace(base, **spoken, **by_kind[kind])
    score = draw(st.sampled_from([None, 1.0, 1.0, 6.0, 9.0]))
    return replace(base, type=kind, text="Where is it?", score=score, status=sometimes)


BEHIND = st.sampled_from([0] * 6 + [SECOND, -MINUTE, 3 * MINUTE, 10 * MINUTE, -DAY, 2 * HOUR, DAY, 3 * DAY])
SPANS = st.sampled_from([0, 1, SECOND, 7 * SECOND, MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, DAY, DAY, 8 * DAY])
WANTED = st.builds(
    Wanted,
    st.sampled_from(["created", "escalated", "never"]),
    st.sampled_from([30 * SECOND, HOUR, DAY]),
    st.sampled_from(["all", "escalated", "none"]),
)
STEPS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "append": st.fixed_dictionaries({"happened": happenings(), "behind": BEHIND}),
    "append_again": st.fixed_dictionaries({"which": st.integers(0, 5)}),
    "pass_time": st.fixed_dictionaries({"span": SPANS}),
    "commit": st.fixed_dictionaries(
        {
            "ticking": st.sampled_from([True, True, False]),
            "lost": st.sampled_from([False, False, True]),
            "wrong": st.sampled_from([0] * 5 + [-MINUTE, MINUTE]),
        }
    ),
    "take_over": st.just({}),
    "adopt": st.fixed_dictionaries({"wanted": WANTED}),
}
OFTEN = (*["append"] * 8, *["append_again"] * 2, *["pass_time"] * 5, *["commit"] * 7, "take_over", "adopt")
ANYTHING = st.sampled_from(OFTEN).flatmap(lambda name: STEPS[name].map(lambda arguments: (name, arguments)))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(WANTED, st.lists(ANYTHING, min_size=20, max_size=80))
def test_what_is_told_is_what_a_list_of_everything_says(wanted: Wanted, steps: list[tuple[str, Any]]) -> None:
    world = World()
    world.adopt(wanted)
    for name, arguments in steps:
        act: Callable[..., None] = getattr(world, name)
        act(**arguments)
    world.commit(ticking=True, lost=False)
    expected = world.check()
    for what in ("reminder", "response_due", "resolution_due", "acknowledgement"):
        event(f"{what}: {min(sum(each.what == what for each in expected), 3)}")
