"""Quantiles of histograms against those of the durations themselves."""

import math

from hypothesis import given
from hypothesis import strategies as st

from schemas.durations import bucket_of, quantile

MONTH_MS = 31 * 86_400_000
durations = st.lists(st.integers(0, MONTH_MS), min_size=1, max_size=200)


def histogram(milliseconds: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for each in milliseconds:
        found[bucket_of(each)] = found.get(bucket_of(each), 0) + 1
    return found


@given(durations, st.sampled_from([0.01, 0.5, 0.95, 1.0]))
def test_a_quantile_is_within_two_percent(milliseconds: list[int], share: float) -> None:
    exact = sorted(milliseconds)[math.ceil(share * len(milliseconds)) - 1]
    found = quantile(histogram(milliseconds), share)
    assert found is not None
    # Nobody waits for less than a millisecond.
    assert abs(found * 1000 - max(exact, 1)) <= 0.02 * max(exact, 1)


@given(durations, durations)
def test_a_longer_duration_is_in_no_lower_bucket(one: list[int], other: list[int]) -> None:
    assert bucket_of(min(one)) <= bucket_of(max(one))
    assert bucket_of(max(one)) <= bucket_of(max(*one, *other))


def test_nothing_has_no_quantile() -> None:
    assert quantile({}, 0.5) is None


def test_a_months_bucket_is_the_one_that_is_told() -> None:
    assert [bucket_of(each) for each in (0, 1, 2, 30 * 86_400_000)] == [0, 0, 18, 553]
