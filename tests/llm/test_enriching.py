"""Messages that the local reading is not sure of are read again, as records beside theirs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas.enrichments import Enrichment, decode_enrichment
from schemas.scored import ScoredEvent, Sentiment, encode_event
from streams import topics
from streams.clock import wall_clock
from streams.config import Settings
from streams.engine.local import LocalLog, LocalSource, LocalWriter, SqliteStorage
from streams.engine.local.storage import Entry
from streams.enriching.choosing import is_chosen
from streams.enriching.running import run_enriching
from streams.llm.rules import TenantRules
from tests.contract.messages import NOON
from tests.llm.asking import Desk, a_desk
from tests.servers.chat_completions import Answer, Behaviour, Body, failing, said

HOUR_MS = 3_600_000
NEUTRAL = Sentiment(score=5.0, label="neutral", compound=0.0, polarity=0.0, subjectivity=0.0)
WORDS = "Hi Kim,\nmy card 4111 1111 1111 1111 was charged, write to kim@shop.example.\n\nRegards,\nAnn Lee"


def event(number: int = 0, **changes: Any) -> ScoredEvent:
    fields: dict[str, Any] = {
        "event_id": f"e{number}",
        "ticket_id": "T-1",
        "occurred_at": NOON,
        "received_at": NOON,
        "text": WORDS,
        "voice": "customer",
        "category": "general",
        "sentiment": NEUTRAL,
        "confidence": 0.4,
        "scorer": "support-1",
        **changes,
    }
    return ScoredEvent(**fields)


CHOSEN: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "unsure": ({}, {}, True),
    "sure": ({"confidence": 0.7}, {}, False),
    "all of them": ({"confidence": 1.0}, {"below": 1}, True),
    "not asked for": ({}, {"classify": False}, False),
    "of an agent": ({"voice": "agent"}, {}, False),
    "a rating": ({"type": "rated"}, {}, False),
    "without words": ({"text": " ", "subject": None}, {}, False),
    "a subject alone": ({"text": None, "subject": "Help"}, {}, True),
    "another channel": ({"channel": "chat"}, {"channels": ["email"]}, False),
    "that channel": ({"channel": "email"}, {"channels": ["email"]}, True),
    "of a machine": ({"sentiment": None, "unscored": "automatic reply", "confidence": 0.0}, {}, False),
    "another language": ({"sentiment": None, "unscored": "unsupported language: de", "confidence": 0.0}, {}, True),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_a_customers_words_are_chosen_where_the_reading_is_unsure(name: str) -> None:
    changes, rules, chosen = CHOSEN[name]
    assert is_chosen(event(**changes), TenantRules.model_validate({"classify": True, **rules})) is chosen


def answer(body: Body) -> Answer:
    """A model that tells what it was shown."""
    shown = json.loads(body["messages"][1]["content"])["text"]
    return said(json.dumps({"label": "negative", "category": "billing", "reason": shown[:200], "confidence": 0.8}))


class Worker:
    """Enriches what is in a local log."""

    def __init__(self, log: LocalLog, desk: Desk) -> None:
        self.log = log
        self.desk = desk

    def put(self, *events: ScoredEvent) -> None:
        self.log.append(topics.SCORED, [Entry(b"default/T-1", encode_event(each)) for each in events])

    def found(self) -> list[Enrichment]:
        slots = self.log.slots([topics.ENRICHMENTS])
        source = [record for slot in slots for record in self.log.read(slot, 0, 1000, 1 << 24)]
        return sorted((decode_enrichment(each.value or b"") for each in source), key=lambda each: each.event_id)


@asynccontextmanager
async def a_worker(folder: Path, clock: Callable[[], int] = wall_clock, **parts: Any) -> AsyncIterator[Worker]:
    log = LocalLog(SqliteStorage(folder / "log.sqlite"), clock)
    for topic in (topics.SCORED, topics.ENRICHMENTS):
        log.create(topic, 2, 86_400_000)
    try:
        async with a_desk(folder, **parts) as desk:
            desk.server.will(answer)
            yield Worker(log, desk)
    finally:
        log.close()


async def run_until(worker: Worker, count: int, stop: asyncio.Event | None = None) -> None:
    """Enrich until so many records are there, or until it is told to stop."""
    stop = stop or asyncio.Event()
    source = LocalSource(worker.log, "enrich", [topics.SCORED])
    writer = LocalWriter(worker.log, topics.ENRICHMENTS)
    task = asyncio.create_task(run_enriching(Settings(), worker.desk.assistant, source, writer, stop))
    async with asyncio.timeout(120):
        while len(worker.found()) < count and not task.done() and not stop.is_set():
            await asyncio.sleep(0.02)
    stop.set()
    await task


async def test_an_answer_is_a_record_beside_the_message(tmp_path: Path) -> None:
    async with a_worker(tmp_path, default={"stands": True}) as worker:
        worker.put(event(0), event(1, confidence=0.9), event(2, voice="agent"), event(3, text="Just a question."))
        await run_until(worker, 2)
        first, second = worker.found()
        assert (first.event_id, second.event_id) == ("e0", "e3")
        assert (first.read_by, first.fallback, first.stands) == ("small-1-2026", "", True)
        assert (first.label, first.category, first.confidence) == ("negative", "billing", 0.8)
        assert (first.label_before, first.category_before, first.confidence_before) == ("neutral", "general", 0.4)
        assert (first.scorer, first.tokens_in, first.tokens_out, first.cost_micros) == ("support-1", 400, 40, 560)
        # Addresses and signatures are no words of the customer's, and are taken out before.
        assert first.removed == {"CARD": 1, "NAME": 1}


async def test_nothing_personal_leaves_the_house(tmp_path: Path) -> None:
    async with a_worker(tmp_path) as worker:
        worker.put(event(0))
        await run_until(worker, 1)
        sent = json.dumps(worker.desk.server.asked)
        stored = worker.found()[0].reason
        for personal in ("4111", "kim@", "Kim", "Ann Lee"):
            assert personal not in sent
            assert personal not in stored
        assert "[CARD_1] was charged" in stored


FALLBACKS: dict[str, tuple[dict[str, Any], Behaviour | Answer]] = {
    "refused": ({}, said(None, refusal="no")),
    "invalid_answer": ({}, said("well")),
    "unavailable": ({"model": {"attempts": 1}}, failing(500)),
    "denied": ({}, failing(401)),
    "budget": ({"default": {"requests": 0}}, answer),
    "timeout": ({"within": 200}, said("late")._replace(wait=30)),
    "breaker_open": ({"breaker": {"failures": 1}, "model": {"attempts": 2}}, failing(500)),
}


@pytest.mark.parametrize("reason", FALLBACKS)
async def test_without_an_answer_the_record_has_the_local_reading_and_says_why(reason: str, tmp_path: Path) -> None:
    parts, behaviour = FALLBACKS[reason]
    async with a_worker(tmp_path, **parts) as worker:
        worker.desk.server.will(behaviour)
        worker.put(event(0))
        await run_until(worker, 1)
        [kept] = worker.found()
        assert kept.fallback == reason
        assert (kept.read_by, kept.label, kept.category, kept.confidence) == ("support-1", "neutral", "general", 0.4)
        assert kept.reason
        assert not kept.stands


async def test_words_that_are_only_quoted_are_not_asked_about(tmp_path: Path) -> None:
    async with a_worker(tmp_path) as worker:
        worker.put(event(0, text="> you wrote this\n> and this"))
        await run_until(worker, 1)
        assert [each.fallback for each in worker.found()] == ["no_words"]
        assert worker.desk.server.asked == []


async def test_what_is_read_again_is_the_same_record_and_costs_nothing(tmp_path: Path) -> None:
    async with a_worker(tmp_path) as worker:
        worker.put(event(0))
        await run_until(worker, 1)
        # As after a crash before the positions were kept.
        worker.put(event(0))
        await run_until(worker, 2)
        first, again = worker.found()
        assert first.enrichment_id == again.enrichment_id
        assert (again.cached, again.cost_micros) == (True, 0)
        assert len(worker.desk.server.asked) == 1


async def test_old_events_and_records_that_are_none_are_passed_over(tmp_path: Path) -> None:
    now = wall_clock()
    appended = [now - HOUR_MS - 1, now]
    async with a_worker(tmp_path, lambda: appended[0], newer_than="1h") as worker:
        worker.log.append(topics.SCORED, [Entry(b"k", b"not json"), Entry(b"k", None)])
        worker.put(event(0))
        del appended[0]
        worker.put(event(1))
        await run_until(worker, 1)
        assert [each.event_id for each in worker.found()] == ["e1"]


async def test_it_stops_soon_while_the_model_is_slow(tmp_path: Path) -> None:
    async with a_worker(tmp_path, model={"at_once": 1}) as worker:
        stop = asyncio.Event()

        def ends_with_the_third(body: Body) -> Answer:
            # The model is asked, and the end comes before it answers: however slow either is, one is under way.
            if len(worker.desk.server.asked) == 3:
                stop.set()
            return answer(body)

        worker.desk.server.will(ends_with_the_third)
        worker.put(*(event(number, text=f"Question {number}") for number in range(50)))
        await asyncio.wait_for(run_until(worker, 50, stop), 120)
        # What was not begun is not committed, and is read by the next.
        assert len(worker.found()) == len(worker.desk.server.asked) == 3
