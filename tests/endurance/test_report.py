"""What the report of hours says, of samples that are made here."""

from collections.abc import Sequence

import pytest

from tests.endurance.report import SETTLED, grown, growth, parts, table
from tests.endurance.run import Outcome, Plan, Sample, Seen

SECONDS = 7_200.0
MB = 2**20


def outcome(memory: Sequence[float], seen: Sequence[Seen] = (), seconds: float = SECONDS, rows: float = 0.0) -> Outcome:
    """`memory` of one stage and of the server, in MiB, at times that are spread evenly over the flow; of the stage's
    state `rows` more each time.
    """
    every = seconds / len(memory)
    samples = [
        Sample(
            number * every,
            {"track-0": int(megabytes * MB), "ClickHouse": int(2 * megabytes * MB)},
            {"track-0": number * every / 4, "ClickHouse": 0.0},
            {"track-0": 100.0 + rows * number},
            {"track": number, "clickhouse": 1},
        )
        for number, megabytes in enumerate(memory)
    ]
    plenty = [*seen, *(Seen(at, 0.5) for at in range(int(seconds)))]
    return Outcome(Plan(seconds, 10, 10, 0.5, 1), 100.0, 50.0, 1_000, samples, plenty, [], [])


def test_memory_that_stays_has_not_grown() -> None:
    found = parts(outcome([100.0] * 480))
    assert growth(found) == {"track-0": 0.0, "ClickHouse": 0.0}
    assert grown(found) == []


def test_what_grows_while_it_settles_does_not_count() -> None:
    settling = [50.0] * int(480 * SETTLED / SECONDS)
    assert grown(parts(outcome(settling + [100.0] * (480 - len(settling))))) == []


def test_memory_that_leaks_is_told_of_the_product_alone() -> None:
    found = parts(outcome([100.0 + number / 10 for number in range(480)]))
    assert [line.split()[0] for line in grown(found)] == ["track-0"]


def test_memory_that_new_rows_of_state_explain_is_no_leak() -> None:
    growing = [100.0 + number / 100 for number in range(480)]
    assert growth(parts(outcome(growing)))["track-0"] > 0.03
    assert grown(parts(outcome(growing, rows=8.0))) == []
    assert grown(parts(outcome(growing, rows=0.1))) != []


def test_rows_that_come_late_or_not_at_all_are_told_of_their_part() -> None:
    last = parts(outcome([1.0] * 480, [Seen(SECONDS - 10, None), Seen(SECONDS - 20, 30.0)]))[-1]
    assert (last.unseen, last.latency[0], last.latency[2]) == (1, 0.5, 30.0)


def test_the_table_has_a_column_for_each_part_and_the_time_of_a_processor() -> None:
    lines = list(table(parts(outcome([100.0] * 480))))
    assert {line.count("|") for line in lines} == {6}
    assert any(line.startswith("| track-0 (+0.0%) | 100.0 MiB, 0.25 processors |") for line in lines)
    assert any(line.startswith("| records that waited") and line.endswith("| 480 |") for line in lines)


@pytest.mark.parametrize("seconds", [60.0, 7_200.0])
def test_the_parts_are_equal_and_end_with_the_flow(seconds: float) -> None:
    found = parts(outcome([1.0] * 480, seconds=seconds))
    assert [part.end for part in found[:-1]] == [part.begin for part in found[1:]]
    assert found[-1].end == pytest.approx(seconds)
    assert len({round(part.end - part.begin, 6) for part in found}) == 1
