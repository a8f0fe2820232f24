"""What a back-test says a policy would have done is what the pipeline does: its workers over a log, in virtual time."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, NamedTuple

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from schemas.escalations import decode_escalation
from schemas.events import TicketEvent
from schemas.scored import encode_event
from streams import topics
from streams.backtest.playing import BackTest
from streams.engine.local import LocalLog, LocalWorker, MemoryStorage
from streams.engine.local.storage import Entry, Slot
from streams.engine.stage import Stage
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.policy import Policy
from streams.registry import RegistryStage
from streams.track import TrackStage
from tests.unit.histories import HELPDESK, LAWYER, policy
from tests.unit.records import NINE, RULES, score_stage
from tests.unit.test_partition import Watched
from tests.unit.virtual_time import run

PARTITIONS = 2
# Timers go off at full five seconds: events are half-way between them, so that which comes first is not a race.
GRID_MS, HALF_MS = 5_000, 2_500
WATCHED = """
[[rules]]
name = "waiting"
when.all = [{ fact = "waiting", at_least = "43s" }, { fact = "status", is = "new" }]
then.reason = "Has waited for {waiting}."
then.priority = "medium"

[[rules]]
name = "often"
when.all = [{ fact = "tickets", at_least = 2 }, { fact = "lowest_score", below = 4.0 }]
then.reason = "Ticket {tickets} of this customer."

[[rules]]
name = "insists"
when.all = [{ fact = "unanswered", at_least = 3 }]
then.reason = "{unanswered} messages without an answer."
limits.once = "ticket"

[[rules]]
name = "poor"
when.all = [{ fact = "satisfaction", at_most = 2 }]
then.priority = "low"
then.reason = "Rated {satisfaction}."
limits.cool_down = "2m"
"""
POLICY = policy(LAWYER + WATCHED, "watched")

TEXTS = st.sampled_from(
    [
        "Hello",
        "A refund, please",
        "My lawyer will write",
        "This is terrible, awful and horrible",
        "Refund or my lawyer!",
    ]
)
KINDS = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["created", "message"]), "text": TEXTS}),
    st.fixed_dictionaries({"type": st.just("agent_reply"), "text": TEXTS}),
    st.fixed_dictionaries(
        {"type": st.just("status_changed"), "status": st.sampled_from(["open", "in_progress", "resolved", "new"])}
    ),
    st.fixed_dictionaries({"type": st.just("rated"), "satisfaction": st.integers(1, 5)}),
    st.just({"type": "escalation_requested"}),
)
HAPPENING = st.fixed_dictionaries(
    {
        "pause": st.sampled_from([1, 1, 2, 3, 10]),
        "event_id": st.integers(0, 60).map(str),
        "ticket_id": st.sampled_from(["t1", "t2", "t3"]),
        "customer_id": st.sampled_from([None, "c1", "c2"]),
        "priority": st.sampled_from([None, None, None, "low", "urgent"]),
        "kind": KINDS,
    }
)


class Escalated(NamedTuple):
    """What is compared of an escalation; `at` in steps of the grid."""

    ticket: str
    at: int
    rule: str
    priority: str
    raised_by: tuple[str, ...]


def events_of(happenings: list[dict[str, Any]]) -> list[TicketEvent]:
    events, at = [], NINE - HALF_MS
    for each in happenings:
        at += each["pause"] * GRID_MS
        fields = {name: value for name, value in each.items() if name not in ("pause", "kind")} | each["kind"]
        fields["occurred_at"] = datetime.fromtimestamp(at / 1000, UTC)
        events.append(msgspec.convert(fields, TicketEvent))
    return events


def step(moment: datetime) -> int:
    """A live timer is at most a tick late; then both are in one step of the grid, of which an event has the middle."""
    return round(moment.timestamp() * 1000) // HALF_MS


def in_back_test(policy: Policy, events: list[TicketEvent]) -> list[Escalated]:
    played = BackTest(policy, policy, {"helpdesk": HELPDESK})
    played.play(events)
    same = played.report("events", examples=1000)
    assert same.one == same.other
    cases, _ = played.cases
    return sorted(Escalated(case.ticket_id, step(case.at), case.rule, case.priority, case.raised_by) for case in cases)


def live(policy: Policy, events: list[TicketEvent]) -> list[Escalated]:
    """The same from the topic of escalations, after workers have read each event at its time."""

    async def drive() -> list[Escalated]:
        loop = asyncio.get_running_loop()
        begin = round(events[0].occurred_at.timestamp() * 1000) - GRID_MS if events else NINE

        def clock() -> int:
            return begin + round(loop.time() * 1000)

        log = LocalLog(MemoryStorage(), clock)
        for topic in topics.ALL:
            log.create(topic.name, PARTITIONS)
        book = PolicyBook({policy.name: policy}, BookFile(default=policy.name))
        stages: list[Stage] = [score_stage(*HELPDESK), TrackStage(book, 100, RULES), RegistryStage()]
        async with AsyncExitStack() as stack:
            for stage in stages:
                worker = LocalWorker(log, stage, clock=clock, watch=Watched(), dead_letters=topics.DEAD_LETTERS)
                await worker.start()
                stack.push_async_callback(worker.stop)
            for event in events:
                await asyncio.sleep((round(event.occurred_at.timestamp() * 1000) - clock()) / 1000)
                log.append(topics.EVENTS, [Entry(event.ticket_id.encode(), encode_event(event), ())])
            # Half a step: what the last event leads to, and no timer that is due after it.
            await asyncio.sleep((HALF_MS - 1) / 1000)
        return escalated(log)

    return run(drive())


def escalated(log: LocalLog) -> list[Escalated]:
    """The newest revision of every record."""
    newest: dict[str, Any] = {}
    for partition in range(PARTITIONS):
        for record in log.read(Slot(topics.ESCALATIONS, partition), 0, 100_000, 1 << 30):
            escalation = decode_escalation(record.value or b"")
            newest[escalation.escalation_id] = escalation
    assert not any(log.read(Slot(topics.DEAD_LETTERS, partition), 0, 1, 1 << 20) for partition in range(PARTITIONS))
    return sorted(
        Escalated(each.ticket_id, step(each.occurred_at), each.rule, each.priority, each.raised_by)
        for each in newest.values()
    )


@given(st.lists(HAPPENING, max_size=20))
@settings(max_examples=60)
def test_a_back_test_escalates_what_the_pipeline_escalates(happenings: list[dict[str, Any]]) -> None:
    events = events_of(happenings)
    assert in_back_test(POLICY, events) == live(POLICY, events)


def test_every_rule_of_the_comparison_can_hold() -> None:
    # So that the property above is not one of empty lists.
    told = [
        {"kind": {"type": "created", "text": "This is terrible, awful and horrible", "status": "new"}, "pause": 1},
        {"kind": {"type": "message", "text": "Hello"}, "pause": 20},
        {"kind": {"type": "message", "text": "Refund or my lawyer!"}, "pause": 1, "ticket_id": "t2"},
        {"kind": {"type": "message", "text": "This is terrible, awful and horrible"}, "pause": 1, "ticket_id": "t3"},
        {"kind": {"type": "rated", "satisfaction": 1}, "pause": 1, "ticket_id": "t4"},
        *({"kind": {"type": "message", "text": "Hi", "status": "open"}, "pause": 1, "ticket_id": "t5"} for _ in "123"),
        {"kind": {"type": "message", "text": "A refund, please"}, "pause": 1, "ticket_id": "t6"},
    ]
    for number, each in enumerate(told):
        each.setdefault("ticket_id", "t1")
        each["event_id"] = str(number)
        each["customer_id"] = "c1" if each["ticket_id"] in ("t1", "t3") else None
        each["priority"] = None
    events = events_of(told)
    found = in_back_test(POLICY, events)
    assert {each.rule for each in found} == {"waiting", "lawyer", "often", "insists", "poor", "refund"}
    assert found == live(POLICY, events)
