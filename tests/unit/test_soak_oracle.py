"""The soak's own judges: what they expect, and that they notice what is wrong."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.events import read_event
from schemas.rejections import Rejected
from tests.soak.generator import EVENTS_PER_TICKET, Generator
from tests.soak.oracle import Difference, Scored, altered, compare, escalations, out_of_order
from tests.soak.pauses import Fault, Step, longest_pause
from tests.soak.sql import by_sql
from tests.soak.windows import FIGURES, QUANTILES, RATES, TOTALS, Cell, Published, Watermarks, Windows, differences

NOON = 1_795_262_400_000
FAULT = Fault(["score"], began=10.0, ended=20.0)


def scored(number: int, at: int = NOON, partition: int = 0, appended: int = NOON, **fields: Any) -> Scored:
    """A record of the scored topic: a furious customer's message unless `fields` say otherwise."""
    event = {
        "event_id": f"e{number}",
        "tenant": "default",
        "ticket_id": "t",
        "type": "message",
        "channel": "email",
        "status": None,
        "priority": None,
        "text": "awful",
        "voice": "customer",
        "category": "general",
        "satisfaction": None,
        "sentiment": {"score": 0.5, "label": "very_negative"},
        "occurred_at": datetime.fromtimestamp(at / 1000, UTC).isoformat(),
        "metadata": {"number": number},
        **fields,
    }
    return Scored(partition, number, appended, event)


def causes(*records: Scored) -> list[str]:
    return [escalation["event_id"] for escalation in escalations(records)]


CALM = {"score": 5.0, "label": "neutral"}


class TestGenerator:
    def test_the_same_seed_makes_the_same_records(self) -> None:
        assert Generator(7, 500, 8).take(500, NOON) == Generator(7, 500, 8).take(500, NOON)
        assert Generator(7, 500, 8).take(500, NOON) != Generator(8, 500, 8).take(500, NOON)

    def test_it_ends(self) -> None:
        generator = Generator(1, 10, 8)
        assert len(generator.take(7, NOON)) == 7
        assert len(generator.take(7, NOON)) == 3

    def test_what_it_calls_accepted_is_what_the_schema_takes(self) -> None:
        received = datetime.fromtimestamp(NOON / 1000, UTC)
        for sent in Generator(3, 5000, 8).take(5000, NOON):
            assert sent.accepted != isinstance(read_event(sent.value, received), Rejected), sent

    def test_it_makes_everything_that_can_go_wrong(self) -> None:
        records = Generator(1, 20_000, 8).take(20_000, NOON)
        events = [json.loads(sent.value) for sent in records if sent.accepted and sent.value]
        ids = Counter(event["event_id"] for event in events)
        assert 100 < sum(not sent.accepted for sent in records) < 400
        assert any(sent.value is None for sent in records)
        assert any(sent.key is None for sent in records)
        assert ids.most_common(1)[0][1] > 1
        assert {event["type"] for event in events} == {"created", "message", "agent_reply", "status_changed", "rated"}

    def test_no_ticket_has_more_events_than_duplicates_are_remembered_for(self) -> None:
        records = Generator(2, 100_000, 8).take(100_000, NOON)
        tickets = Counter(
            (event["tenant"], event["ticket_id"])
            for sent in records
            if sent.accepted and sent.value
            for event in [json.loads(sent.value)]
        )
        assert tickets.most_common(1)[0][1] < 100
        assert sum(tickets.values()) / len(tickets) < EVENTS_PER_TICKET


class TestEscalations:
    def test_the_first_very_negative_text_escalates_once(self) -> None:
        assert causes(scored(1, sentiment=CALM), scored(2), scored(3)) == ["e2"]

    @pytest.mark.parametrize(
        "fields",
        [{"voice": "agent"}, {"sentiment": None}, {"sentiment": {"score": 2.0}}, {"status": "in_progress"}],
        ids=["an agent", "no text", "not negative enough", "somebody works on it"],
    )
    def test_others_do_not(self, fields: dict[str, Any]) -> None:
        assert causes(scored(1, **fields)) == []

    def test_the_newest_status_in_event_time_counts(self) -> None:
        resolved = scored(1, status="resolved", sentiment=None)
        assert causes(resolved, scored(2, at=NOON - 1000, status="open")) == []
        assert causes(resolved, scored(2, at=NOON + 1000, status="open")) == ["e2"]

    def test_a_duplicate_changes_nothing(self) -> None:
        again = scored(1, status="open")
        assert causes(scored(1, status="closed"), again, scored(2)) == []

    def test_tenants_are_apart(self) -> None:
        assert causes(scored(1), scored(2, tenant="acme")) == ["e1", "e2"]

    def test_an_urgent_ticket_stays_urgent(self) -> None:
        found = [*escalations([scored(1, priority="urgent")]), *escalations([scored(1, priority="low")])]
        assert [escalation["priority"] for escalation in found] == ["urgent", "high"]


class TestAccounting:
    def test_missing_and_additional(self) -> None:
        assert compare([1, 2, 3], [3, 1, 2]) == Difference(0, 0)
        assert compare([1, 2, 2], [2, 3, 3]) == Difference(lost=2, doubled=2)

    def test_order_is_judged_within_a_ticket_and_an_input_partition(self) -> None:
        source = {1: 0, 2: 0, 3: 1}
        assert out_of_order([scored(3), scored(1), scored(2)], source) == 0
        assert out_of_order([scored(2), scored(1)], source) == 1
        assert out_of_order([scored(2), scored(1, ticket_id="other")], source) == 0

    def test_a_changed_field_is_noticed(self) -> None:
        assert altered([scored(1)], {1: {"text": "awful", "occurred_at": 0}}) == 0
        assert altered([scored(1)], {1: {"text": "lovely"}}) == 1


class TestWindows:
    async def test_sql_counts_what_a_person_would(self, tmp_path: Path) -> None:
        records = [
            scored(1, channel="chat"),
            scored(2, sentiment={"score": 6.5, "label": "positive"}, priority="high"),
            scored(3, type="rated", satisfaction=4, sentiment=None, text=None),
            scored(4, type="status_changed", status="resolved", sentiment=None, text=None),
            scored(5, voice="agent"),
            scored(1, channel="phone"),
            scored(7, at=NOON - 172_800_001),
        ]
        escalation = json.dumps({"tenant": "default", "ticket_id": "t", "event_id": "e1"}).encode()
        found = await by_sql(records, [escalation], tmp_path)
        totals = dict(zip(TOTALS, found[Cell("default", 60, NOON // 1000, "overall", "")], strict=False))
        assert totals == {
            "events": 5,
            "scored": 2,
            "very_negative": 1,
            "negative": 0,
            "neutral": 0,
            "positive": 1,
            "very_positive": 0,
            "score_sum": 700,
            "score_min": 50,
            "score_max": 650,
            "escalations": 1,
            "resolved": 1,
            "ratings": 1,
            "satisfaction": 4,
            "tickets": 1,
            "reopened": 0,
            "responded_in_time": 0,
            "resolved_in_time": 1,
            "emotions": {},
            "urgencies": {"medium": 2},
            "response_times": {},
            "resolution_times": {"0": 1},
        }
        rates = (0.5, 0.5, 3.5, 4.0, None, None, 0.001, 0.001)
        assert found[Cell("default", 60, NOON // 1000, "overall", "")][len(TOTALS) :] == rates
        by_value = {(cell.dimension, cell.value) for cell in found if cell.size == 60}
        assert ("channel", "phone") not in by_value
        assert {("channel", "chat"), ("priority", "high"), ("priority", "medium"), ("category", "general")} <= by_value

    async def test_sql_cuts_what_is_far_ahead(self, tmp_path: Path) -> None:
        found = await by_sql([scored(1, at=NOON + 3_600_000)], [], tmp_path)
        assert {cell.start for cell in found if cell.size == 60} == {NOON // 1000 + 300}

    def test_differences_are_named(self) -> None:
        cell = Cell("default", 60, NOON // 1000, "overall", "")
        wanted, other = (1.0, None), (2.0, None)
        rest = (None,) * len(QUANTILES)
        figures = (*(0,) * (len(TOTALS) + 2), *wanted, *rest)
        good = Published(figures, revision=1, final=False)
        assert differences({cell: figures}, {cell: good}, 0, 0) == []
        assert "not on the topic" in differences({cell: figures}, {}, 0, 0)[0]
        assert "nobody expected it" in differences({}, {cell: good}, 0, 0)[0]
        wrong = good._replace(figures=(*(0,) * (len(TOTALS) + 2), *other, *rest))
        assert "score_avg is 2.0, not 1.0" in differences({cell: figures}, {cell: wrong}, 0, 0)[0]

    def test_final_is_demanded_and_forbidden_by_watermarks(self) -> None:
        cell = Cell("default", 60, NOON // 1000, "overall", "")
        figures = (1,) * len(FIGURES)
        due = NOON + 120_000
        open_window, final = Published(figures, 1, final=False), Published(figures, 1, final=True)
        assert differences({cell: figures}, {cell: final}, due, due) == []
        assert differences({cell: figures}, {cell: open_window}, due - 1, due) == []
        assert differences({cell: figures}, {cell: open_window}, due, due) != []
        assert differences({cell: figures}, {cell: final}, due - 1, due - 1) != []

    def test_a_skipped_or_repeated_revision_is_counted(self) -> None:
        windows = Windows()
        for revision in (1, 2, 2, 4):
            windows.take(_window(revision))
        assert windows.skipped == 2

    def test_all_sources_must_have_told_a_watermark(self) -> None:
        watermarks = Watermarks()
        watermarks.take(b'{"type":"watermark","source":0,"sources":2,"time":50}')
        assert watermarks.passed() == 0
        watermarks.take(b'{"type":"watermark","source":1,"sources":2,"time":40}')
        assert watermarks.passed() == 40


class TestPauses:
    def test_the_wait_at_the_head_counts(self) -> None:
        steps = [Step(5, 5, 9_000), Step(5, 5, 12_000), Step(8, 8, 16_000)]
        offsets, appended = list(range(8)), [8_000] * 5 + [10_000] * 3
        assert longest_pause(steps, offsets, appended, FAULT) == 6.0

    def test_what_waited_before_the_fault_counts_from_the_fault_on(self) -> None:
        assert longest_pause([Step(1, 1, 1_000), Step(2, 2, 13_000)], [0, 1], [0, 4_000], FAULT) == 3.0

    def test_a_partition_without_input_does_not_wait(self) -> None:
        steps = [Step(1, 1, 9_000), Step(2, 2, 19_000)]
        assert longest_pause(steps, [0, 1], [8_000, 18_900], FAULT) == pytest.approx(0.1)

    def test_what_happened_before_the_fault_is_left_out(self) -> None:
        assert longest_pause([Step(1, 1, 1_000), Step(2, 2, 9_000)], [0, 1], [0, 0], FAULT) == 0.0


def _window(revision: int) -> bytes:
    return json.dumps(
        {
            "tenant": "default",
            "start": "2026-11-21T12:00:00Z",
            "end": "2026-11-21T12:01:00Z",
            "dimension": "overall",
            "value": "",
            "revision": revision,
            "final": False,
            "totals": [0] * len(TOTALS),
            **dict.fromkeys((*RATES, *QUANTILES)),
        }
    ).encode()
