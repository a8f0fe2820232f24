"""The feed: what it tells, that it repeats itself, and that it survives a log that is away."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import Any, get_args

import msgspec
import pytest

from schemas.events import Channel, EventType, Status, TicketEvent, event_from, read_event
from streams.demo.feed import Feed, Step, conversations, load_complaints
from streams.demo.script import Complaint
from streams.gateway.writer import Headers, NotAcknowledged
from streams.scoring import scorer_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
COMPLAINTS = load_complaints()


def steps(number: int, seed: int = 1, run: str = "a") -> list[Step]:
    return list(islice(conversations(COMPLAINTS, seed, run), number))


def test_the_complaints_come_with_the_product() -> None:
    assert len(COMPLAINTS) == 389
    assert all(complaint.text.strip() for complaint in COMPLAINTS)


def test_every_step_is_an_event() -> None:
    rejected = [read for step in steps(4000) if not isinstance(read := event_from(step.fields, NOW), TicketEvent)]
    assert rejected == []


def test_the_same_seed_tells_the_same() -> None:
    assert steps(500) == steps(500)
    assert steps(500) != steps(500, seed=2)


def test_ids_are_unique_within_a_run_and_over_runs() -> None:
    first, second = ([step.fields["event_id"] for step in steps(3000, run=run)] for run in ("a", "b"))
    assert len(set(first) | set(second)) == 6000


def test_a_second_run_opens_other_tickets() -> None:
    first, second = ({step.fields["ticket_id"] for step in steps(500, run=run)} for run in ("a", "b"))
    assert not first & second


def test_each_complaint_opens_one_ticket_in_a_round() -> None:
    opened = [step.fields for step in steps(6000) if step.fields["type"] == "created"]
    references = Counter(fields["source_reference_id"] for fields in opened[: len(COMPLAINTS)])
    assert set(references.values()) == {1}
    assert len(references) == len(COMPLAINTS)


def test_a_ticket_goes_from_created_to_closed() -> None:
    tickets: dict[str, list[dict[str, Any]]] = {}
    for step in steps(3000):
        tickets.setdefault(step.fields["ticket_id"], []).append(dict(step.fields))
    assert all(events[0]["type"] == "created" for events in tickets.values())
    finished = [events for events in tickets.values() if events[-1].get("status") == "closed"]
    assert len(finished) > 100
    assert all([event.get("status") for event in events].count("resolved") == 1 for events in finished)


def test_all_kinds_of_events_occur() -> None:
    told = [step.fields for step in steps(4000)]
    # Requests for a person come from other systems, of which the feed plays none.
    assert {fields["type"] for fields in told} == set(get_args(EventType)) - {"escalation_requested"}
    assert {fields["channel"] for fields in told} == set(get_args(Channel))
    assert {fields["status"] for fields in told if "status" in fields} == set(get_args(Status))


def test_no_word_of_a_complaint_is_lost_or_doubled() -> None:
    told = [step.fields for step in islice(conversations(COMPLAINTS[:1], 3, "a"), 40)]
    first = [fields for fields in told if fields["ticket_id"] == "T-a-1"]
    said = " ".join(fields["text"] for fields in first if fields["type"] in ("created", "message"))
    assert " ".join(COMPLAINTS[0].text.split()) in " ".join(said.split())


def test_some_tickets_escalate_but_few() -> None:
    """By the rule that ships: a score below 2 while the ticket is new or open."""
    scorer, status, opened = scorer_of("support"), dict[str, str](), set[str]()
    escalated = set[str]()
    for fields in (step.fields for step in steps(4000)):
        ticket = fields["ticket_id"]
        opened.add(ticket)
        status[ticket] = fields.get("status", status.get(ticket, ""))
        if fields["type"] in ("created", "message") and status[ticket] in ("new", "open"):
            text = f"{fields.get('subject', '')}\n{fields['text']}"
            if scorer.score(text).score < 2.0:
                escalated.add(ticket)
    assert 0.02 < len(escalated) / len(opened) < 0.2


def test_delays_have_a_mean_of_one() -> None:
    delays = [step.delay for step in steps(5000)]
    assert sum(delays) / len(delays) == pytest.approx(1.0, rel=0.1)


def test_a_complaint_of_one_sentence_is_one_ticket() -> None:
    one = Complaint("1", "card", "fee", "bank", None, "They took my money")
    opened = next(conversations([one], 1)).fields
    assert opened["text"] == "They took my money"
    assert "state" not in opened["metadata"]


class Unsteady:
    """A log that refuses every other attempt of an event, and keeps those it takes."""

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter()
        self.values: list[bytes] = []

    async def start(self) -> None: ...

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        await asyncio.sleep(0)
        event_id = msgspec.json.decode(value)["event_id"]
        self.attempts[event_id] += 1
        if self.attempts[event_id] == 1 and event_id.endswith("7"):
            raise NotAcknowledged("away")
        self.values.append(value)

    async def ready(self) -> bool:
        return True

    async def stop(self) -> None: ...


async def test_the_feed_sends_every_event_with_the_time_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.demo.feed.RETRY_SECONDS", 0.01)
    log = Unsteady()
    feed = Feed(log, lambda: NOW)
    await feed.run(steps(300), rate=100_000)
    written = [read_event(value, NOW) for value in log.values]
    ids = {event.event_id for event in written if isinstance(event, TicketEvent)}
    assert ids == {f"feed-a-{n}" for n in range(1, 301)}
    assert {event.occurred_at for event in written if isinstance(event, TicketEvent)} == {NOW}
    assert feed.sent == 300
    assert not feed.away
    assert max(log.attempts.values()) > 1


async def test_a_failure_that_is_not_the_log_being_away_ends_the_feed() -> None:
    class Broken(Unsteady):
        async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await Feed(Broken(), lambda: NOW).run(steps(3), rate=1000)
