"""Where histories and outcomes come from: files in any order, with bad lines and wrong ones."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import TicketEvent
from schemas.rejections import Rejected
from streams.history.lines import HistoryFile
from streams.history.rows import event_of
from streams.history.span import BadHistory, Span
from streams.history.told import read_outcomes


def line(number: int, occurred_at: str | None = "2026-03-02T09:00:00Z", **fields: Any) -> str:
    event = {"event_id": f"e{number}", "ticket_id": "t", "text": "Hello", "occurred_at": occurred_at, **fields}
    return json.dumps({name: value for name, value in event.items() if value is not None})


class Read:
    """A file as it was read."""

    def __init__(self, path: Path, *lines: str | bytes, span: Span = Span()) -> None:  # noqa: B008
        path.write_bytes(b"".join((each if isinstance(each, bytes) else each.encode()) + b"\n" for each in lines))
        self.told: list[tuple[int, str]] = []
        self.file = HistoryFile(path, span, self._tell)

    def _tell(self, number: int, rejected: Rejected) -> None:
        self.told.append((number, rejected.field))

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.file]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def test_events_come_by_time_and_those_of_one_time_in_the_order_of_the_file(path: Path) -> None:
    at = ["2026-03-02T09:00:02Z", "2026-03-02T09:00:01Z", "2026-03-02T10:00:02+01:00", "2026-03-02T09:00:01.001Z"]
    read = Read(path, *(line(number, moment) for number, moment in enumerate(at)))
    assert read.ids == ["e1", "e3", "e0", "e2"]
    assert read.ids == ["e1", "e3", "e0", "e2"]
    assert len(read.file) == 4


def test_bad_lines_are_told_by_number_and_the_others_count(path: Path) -> None:
    read = Read(path, line(1), "", "complaint", line(2, None), line(3, channel="fax"), b"\xff\xfe", line(4) + "   ")
    assert read.told == [(3, "value"), (4, "occurred_at"), (5, "channel"), (6, "value")]
    assert read.ids == ["e1", "e4"]
    assert read.file.unreadable == 4


def test_a_last_line_needs_no_end_and_characters_may_take_more_than_a_byte(path: Path) -> None:
    path.write_text(line(1, text="Zoë ☃") + "\r\n" + line(2, text="é"), encoding="utf-8")
    assert [event.text for event in HistoryFile(path, Span(), lambda *bad: pytest.fail(str(bad)))] == ["Zoë ☃", "é"]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(), ["e1", "e2", "e3"]),
        (Span(tenant="shop"), ["e3"]),
        (Span(begin=datetime(2026, 3, 3, tzinfo=UTC)), ["e2", "e3"]),
        (Span(end=datetime(2026, 3, 3, tzinfo=UTC)), ["e1"]),
        (Span("default", datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)), ["e2"]),
    ],
)
def test_a_span_bounds_tenant_and_time(path: Path, span: Span, expected: list[str]) -> None:
    days = [line(1), line(2, "2026-03-03T00:00:00Z"), line(3, "2026-03-04T00:00:00Z", tenant="shop")]
    assert Read(path, *days, span=span).ids == expected


@pytest.mark.parametrize(
    ("lines", "span", "said"),
    [
        ([], Span(), "the file is empty"),
        (["complaint", "another"], Span(), r"none of its lines is an event \(2 could not be read\)"),
        ([line(1), line(2)], Span(tenant="shop"), "no event of this tenant and time; 2 are of others"),
    ],
)
def test_a_file_without_an_event_is_an_error_that_says_why(path: Path, lines: list[str], span: Span, said: str) -> None:
    with pytest.raises(BadHistory, match=said):
        Read(path, *lines, span=span)


def test_a_file_that_changes_while_it_is_read_is_an_error(path: Path) -> None:
    read = Read(path, line(1), line(2))
    path.write_text("x" * path.stat().st_size)
    with pytest.raises(BadHistory, match="changed while it was read"):
        list(read.file)


def test_a_row_becomes_the_event_that_it_tells_of() -> None:
    row: dict[str, Any] = {
        **{
            "event_id": "e",
            "tenant": "shop",
            "ticket_id": "t",
            "type": "rated",
            "channel": "chat",
            "at": "1772442000000",
        },
        **{"customer_id": "", "agent_id": "a", "status": "", "subject": "", "text": "Hello", "journey_stage": ""},
        **{"language": "en", "voice": "customer", "priority": "medium", "satisfaction": 4},
    }
    event = event_of(row)
    told: dict[str, Any] = {
        "event_id": "e",
        "tenant": "shop",
        "ticket_id": "t",
        "type": "rated",
        "channel": "chat",
        "agent_id": "a",
    }
    told |= {"occurred_at": "2026-03-02T09:00:00Z", "text": "Hello", "language": "en", "satisfaction": 4}
    assert event == msgspec.convert(told, TicketEvent)
    agents = event_of({**row, "voice": "agent", "priority": "high", "satisfaction": 0, "status": "open"})
    assert (agents.author, agents.priority, agents.satisfaction, agents.status) == ("agent", "high", None, "open")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("told.csv", "ticket_id,outcome\nt1,true\nt2,No\n\nt3,1\n"),
        ("told.csv", "\ufeffoutcome,tenant,ticket_id,note\ntrue,,t1,x\nfalse,default,t2,y\nyes,default,t3,\n"),
        (
            "told.jsonl",
            '{"ticket_id": "t1", "outcome": true}\n\n{"ticket_id": "t2", "outcome": "false"}\n'
            '{"ticket_id": "t3", "tenant": "default", "outcome": 1}\n',
        ),
    ],
)
def test_outcomes_come_from_csv_and_json(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_outcomes(tmp_path / name) == {b"default/t1": True, b"default/t2": False, b"default/t3": True}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("o.csv", "", "1: no column outcome and no column ticket_id"),
        ("o.csv", "ticket_id,outcome\n", "no outcomes"),
        ("o.csv", "ticket_id,needed\nt1,true\n", "1: no column outcome"),
        ("o.csv", "ticket_id,outcome\nt1,perhaps\n", "2: outcome 'perhaps' is neither true nor false"),
        ("o.csv", "ticket_id,outcome\nt1,true\n,true\n", "3: no ticket_id"),
        ("o.csv", "ticket_id,outcome\nt1\n", "2: no outcome"),
        ("o.csv", "ticket_id,outcome\nt1,true\nt1,false\n", "3: ticket 't1' has the other outcome"),
        ("o.csv", "tenant,ticket_id,outcome\na/b,t1,true\n", "2: .*tenant"),
        ("o.jsonl", '{"ticket_id": "t1", "outcome": true}\nx\n', "2: not JSON"),
        pytest.param("o.jsonl", "[" * 100_000, "1: not JSON", id="nested without end"),
        ("o.jsonl", "[1]\n", "1: not a JSON object"),
        ("o.jsonl", '{"ticket_id": 7, "outcome": true}\n', "1: .*ticket_id"),
        ("o.csv", b"ticket_id,outcome\n\xff,true\n", "not UTF-8"),
    ],
)
def test_wrong_outcomes_are_told_with_their_line(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadHistory, match=said):
        read_outcomes(tmp_path / name)
