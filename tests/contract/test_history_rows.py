"""A back-test over what ClickHouse keeps: rows that the sink wrote become the events that they were made of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from schemas.events import TicketEvent
from schemas.scored import encode_event
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams.backtest.report import Report
from streams.history.rows import HistoryRows
from streams.history.span import BadHistory, Span
from streams.score import Received, score_events
from tests.contract.messages import SCORED, TABLES
from tests.contract.sink_worlds import migrated
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.unit.conftest import Run, run
from tests.unit.histories import BEGIN, HELPDESK, REFUND, Diary, back_test, policy

__all__ = ["run"]

# Everything that a row keeps; the tenth event is another tenant's.
DIARY = (
    Diary()
    .add(0, type="created", status="new", priority="high", subject="My order", text="Hello", customer_id="c1")
    .says(1, "A refund, please \u2603 'quoted' \\ \t", "t2", channel="chat", journey_stage="payment", language="en")
    .answer(2)
    .status(3, "resolved")
    .rated(4, 1, "t2")
    .status(5, "open")
    .says(5, "My refund", customer_id="c1")
    .add(6, "t3", type="escalation_requested")
    .says(7, "refund", "t4")
    .says(8, "A refund, please", "t9", tenant="shop")
)


@pytest.fixture
async def url(server: ClickHouseProcess, unique: Callable[[str], str]) -> str:
    """A database into which the sink wrote the diary, in another order, and one event twice."""
    made = server.url(unique("history"))
    scored = score_events([Received(event, event.occurred_at) for event in DIARY.events], *HELPDESK)
    messages = [
        Message(SCORED, event.ticket_id != "t1", offset, _milliseconds(event.received_at), None, encode_event(event))
        for offset, event in enumerate([*scored, scored[0]])
    ]
    with migrated(made):
        sink = ClickHouseSink(lambda: connect(made), TABLES)
        await sink.write(messages[5:])
        await sink.write(messages[:5])
        await sink.close()
    return made


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def known(event: TicketEvent) -> TicketEvent:
    """An event without what no row keeps: who else than an agent wrote it, and a medium priority."""
    author = "agent" if event.type == "agent_reply" else None
    return msgspec.structs.replace(event, author=author, language=None)


@pytest.mark.parametrize("page", [1, 3, 20_000])
def test_every_event_comes_back_once_by_time(url: str, page: int) -> None:
    rows = HistoryRows(url, Span(), page)
    assert len(rows) == len(DIARY.events)
    events = [msgspec.structs.replace(event, language=None) for event in rows]
    assert events == [known(event) for event in DIARY.events]


def test_a_span_bounds_tenant_and_time(url: str) -> None:
    begin, end = BEGIN + timedelta(minutes=1), BEGIN + timedelta(minutes=3)
    assert [event.event_id for event in HistoryRows(url, Span("default", begin, end))] == ["e1", "e2"]
    assert [event.event_id for event in HistoryRows(url, Span("shop"))] == ["e9"]


def test_nothing_of_a_span_is_an_error_that_says_so(url: str) -> None:
    with pytest.raises(BadHistory, match="no event of this tenant and time"):
        HistoryRows(url, Span(begin=datetime(2030, 1, 1, tzinfo=UTC)))


def test_the_command_finds_in_clickhouse_what_it_finds_in_the_events(url: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "refund.toml"
    file.write_text(REFUND)
    result = run("policy", "backtest", str(file), str(file), "--clickhouse", "-o", "json", CLICKHOUSE_URL=url)
    assert (result.code, result.err) == (0, "")
    told = msgspec.json.decode(result.out, type=Report)
    expected = back_test(policy(), policy(), DIARY)
    assert (told.one, told.other, told.outcomes) == (expected.one, expected.other, expected.outcomes)
    assert told.one.escalations == 5
    assert told.history.source == "ClickHouse"
