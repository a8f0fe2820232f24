"""Files as they come: encodings, delimiters, what is broken, and what is too much."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.importing.files import BadFile, open_table
from tests.importing.tables import written

HEAD = "id,created_at,subject,description\n"


@pytest.mark.parametrize(
    ("content", "how"),
    [
        ("id;name\n1;Zoë\n2;b\n".encode("utf-8-sig"), "CSV, UTF-8, separated by semicolon"),
        ("id\tname\n1\tZoë\n".encode("latin-1"), "CSV, Latin-1 (it is no UTF-8), separated by tab"),
        ("id|name\n1|Zoë\n".encode("utf-16"), "CSV, utf-16, separated by bar"),
        ("id,name\n1,Zoë\n".encode(), "CSV, UTF-8, separated by comma"),
    ],
)
def test_encodings_and_delimiters_are_found(tmp_path: Path, content: bytes, how: str) -> None:
    table = open_table(written(tmp_path, content))
    assert (table.how, list(table.columns)) == (how, ["id", "name"])
    assert next(table.rows()).values == {"id": "1", "name": "Zoë"}


def test_a_byte_that_is_no_utf8_far_behind_the_begin_is_seen(tmp_path: Path) -> None:
    rows = "".join(f"{number},name\n" for number in range(150_000))
    table = open_table(written(tmp_path, f"id,name\n{rows}x,caf".encode() + b"\xe9\n"))
    assert "Latin-1" in table.how
    assert list(table.rows())[-1].values == {"id": "x", "name": "café"}


def test_quoted_lines_and_delimiters_stay_in_their_field_and_lines_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,text\n1,"one, two\nthree ""four"""\n\n2,five\n')
    rows = list(open_table(path).rows())
    assert [(row.line, row.values["text"]) for row in rows] == [(2, 'one, two\nthree "four"'), (5, "five")]


def test_a_row_with_more_fields_than_columns_is_wrong_by_itself(tmp_path: Path) -> None:
    rows = list(open_table(written(tmp_path, "id,text\n1,a\n2,b,c\n3,d\n4\n")).rows())
    assert [row.wrong for row in rows] == [None, "3 fields where the first line names 2 columns", None, None]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \n \n", "the file is empty"),
        (b"id,\0\n", "no text"),
        (b"PAR1 and no more", "cannot be read"),
        (b'[{"id": 1}]', "JSON lines: `jq"),
        (b",,,\n1,2,3\n", "the first line names the columns"),
        (",".join(f"c{number}" for number in range(3_000)).encode(), "3,000 columns"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        open_table(written(tmp_path, content))


def test_a_thousand_columns_and_a_huge_field_are_read(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(1_000)]
    path = written(tmp_path, ",".join(names) + "\n" + ",".join(["x" * 2_000_000, *names[1:]]) + "\n")
    [row] = open_table(path).rows()
    assert len(row.values) == 1_000
    assert len(row.values["c0"]) == 2_000_000


def test_lines_of_json_are_flattened_and_those_that_are_none_are_wrong(tmp_path: Path) -> None:
    lines = [json.dumps({"id": 1, "via": {"channel": "web"}, "comments": [{"body": "a"}]}), "{nonsense", "[1]", ""]
    rows = list(open_table(written(tmp_path, "\n".join(lines), "t.jsonl")).rows())
    assert rows[0].values == {"id": 1, "via.channel": "web", "comments": [{"body": "a"}]}
    assert [row.line for row in rows] == [1, 2, 3]
    assert [bool(row.wrong) for row in rows] == [False, True, True]


def test_half_of_a_surrogate_pair_is_a_wrong_row_and_stops_no_other(tmp_path: Path) -> None:
    halves = [{"id": "2", "text": "\ud800"}, {"id": "3", "\udfff": 1}, {"id": "4", "said": [{"body": "\udc00"}]}]
    lines = [{"id": "1", "text": "\U0001f600"}, *halves, {"id": "5", "text": "C:\\udder"}]
    table = open_table(written(tmp_path, "\n".join(map(json.dumps, lines)), "t.jsonl"))
    rows = list(table.rows())
    assert [row.line for row in rows if row.wrong and "surrogate" in row.wrong] == [2, 3, 4]
    assert [row.values["text"] for row in rows if not row.wrong] == ["\U0001f600", "C:\\udder"]
    assert table.columns == ["id", "text"]


def test_parquet_is_read_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": range(5_000), "text": ["hello"] * 5_000}), path, row_group_size=1_000)
    table = open_table(path)
    assert (table.how, list(table.columns)) == ("Parquet", ["id", "text"])
    rows = list(table.rows())
    assert (len(rows), rows[-1].line, rows[-1].values) == (5_000, 5_000, {"id": 4_999, "text": "hello"})


def test_a_row_of_parquet_that_nothing_here_can_hold_is_wrong_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    offsets = pa.py_buffer(b"".join(place.to_bytes(4, "little") for place in (0, 1, 2, 3)))
    texts = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"a\xffb"))
    pq.write_table(pa.table({"text": texts, "at": pa.array([0, 0, 2**62], pa.timestamp("us"))}), path)
    rows = list(open_table(path).rows())
    assert [(row.line, row.wrong is None) for row in rows] == [(1, True), (2, False), (3, False)]
    assert rows[0].values["text"] == "a"


def test_a_text_that_parquet_does_not_call_one_is_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [b"T-1"], "text": ["Zoë".encode()], "agent": [b""]}), path)
    assert [row.values for row in open_table(path).rows()] == [{"id": "T-1", "text": "Zoë"}]


def test_no_number_is_an_empty_field(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, '{"id": "1", "agent": NaN, "via": {"rating": NaN}}\n', "t.jsonl"))
    assert [row.values for row in table.rows()] == [{"id": "1"}]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["1"], "agent": [float("nan")]}), path)
    assert [row.values for row in open_table(path).rows()] == [{"id": "1"}]


def test_a_missing_file_is_the_systems_to_say(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_table(tmp_path / "none.csv")
