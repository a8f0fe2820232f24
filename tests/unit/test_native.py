"""What is written in a form of our own is, byte by byte, what the client writes."""

import pytest
from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.insert import InsertContext
from clickhouse_connect.driver.transform import NativeTransform
from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.native import NativeWriter

TYPES = {
    "few": "LowCardinality(String)",
    "text": "String",
    "score": "Decimal(4, 2)",
    "lowest": "Nullable(String)",
    "offset": "UInt64",
    "label": "Enum8('unset' = 0, 'negative' = 2)",
}
Row = tuple[str, str, str, str | None, int, str]
# An encoder refuses half of a pair of surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
SCORES = st.integers(0, 1000).map(lambda hundredths: f"{hundredths / 100:.2f}")
ROWS = st.tuples(
    TEXTS, TEXTS, SCORES, st.none() | TEXTS, st.integers(0, 2**64 - 1), st.sampled_from(["unset", "negative"])
)


def by_the_client(rows: list[Row]) -> bytes:
    context = InsertContext("t", list(TYPES), list(map(get_from_name, TYPES.values())), rows)
    statement, _, blocks = b"".join(NativeTransform.build_insert(context)).partition(b"\n")
    assert statement.startswith(b"INSERT INTO t")
    return blocks


def by_us(rows: list[Row]) -> bytes:
    writer = NativeWriter(InsertContext("t", list(TYPES), list(map(get_from_name, TYPES.values()))), None)
    return writer.block(dict(zip(TYPES, zip(*rows, strict=True), strict=True)))


@given(st.lists(ROWS, min_size=1, max_size=20))
def test_a_block_is_the_client_s(rows: list[Row]) -> None:
    assert by_us(rows) == by_the_client(rows)


@pytest.mark.parametrize("different", [1, 2, 255, 257, 1000])
def test_few_texts_and_many_are_written_as_the_client_does(different: int) -> None:
    rows: list[Row] = [(f"text {n % different}", "", "0.00", None, n, "unset") for n in range(2000)]
    assert by_us(rows) == by_the_client(rows)


@pytest.mark.parametrize(("column", "value"), [("score", "10.01"), ("score", "2.5"), ("offset", -1), ("offset", 2**64)])
def test_a_value_that_its_column_cannot_take_is_refused(column: str, value: object) -> None:
    row = {"few": "", "text": "", "score": "0.00", "lowest": None, "offset": 0, "label": "unset", column: value}
    with pytest.raises(ValueError, match=column):
        by_us([tuple(row.values())])  # type: ignore[list-item]
