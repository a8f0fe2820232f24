"""Tail probabilities against sums of the distributions' own terms."""

import math

import pytest

from streams.spikes.tails import many_or_more, none_at_all, share_or_more, this_low


def _negative_binomial(count: int, expected: float, size: float) -> float:
    chance = size / (size + expected)
    return math.exp(
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        + size * math.log(chance)
        + count * math.log1p(-chance)
    )


@pytest.mark.parametrize("size", [0.5, 4.0, 50.0])
@pytest.mark.parametrize("expected", [0.3, 7.0, 40.0])
@pytest.mark.parametrize("count", [1, 3, 12, 60])
def test_as_many_or_more_is_what_its_terms_add_up_to(count: int, expected: float, size: float) -> None:
    fewer = math.fsum(_negative_binomial(number, expected, size) for number in range(count))
    assert many_or_more(count, expected, size) == pytest.approx(1 - fewer, abs=1e-11)


def test_far_out_it_is_still_exact() -> None:
    # A sum from below would be lost in rounding: this one is from above.
    terms = math.fsum(_negative_binomial(number, 30, 80.0) for number in range(200, 2000))
    assert many_or_more(200, 30, 80.0) == pytest.approx(terms, rel=1e-6)
    assert terms < 1e-15


def test_a_large_size_makes_it_a_poisson_distribution() -> None:
    poisson = 1 - math.fsum(math.exp(-5) * 5**number / math.factorial(number) for number in range(9))
    assert many_or_more(9, 5, 1e7) == pytest.approx(poisson, rel=1e-4)


@pytest.mark.parametrize(("count", "expected"), [(0, 3.0), (-1, 3.0)])
def test_nothing_or_more_is_certain(count: float, expected: float) -> None:
    assert many_or_more(count, expected, 10) == 1


def test_something_where_nothing_can_be_is_impossible() -> None:
    assert many_or_more(1, 0, 10) == 0


def test_none_at_all_is_the_first_term() -> None:
    assert none_at_all(7, 4) == pytest.approx(_negative_binomial(0, 7, 4))


@pytest.mark.parametrize("count", [1, 6, 12, 30])
def test_independent_trials_are_binomial(count: int) -> None:
    terms = math.fsum(math.comb(30, hits) * 0.2**hits * 0.8 ** (30 - hits) for hits in range(count, 31))
    assert share_or_more(count, 30, 0.2, 0) == pytest.approx(terms, rel=1e-9)


def test_correlated_trials_tell_less() -> None:
    assert share_or_more(14, 30, 0.2, 0.0) < share_or_more(14, 30, 0.2, 0.02) < share_or_more(14, 30, 0.2, 0.5) < 0.5


# From a printed table of Student's t: the one-sided 1 % and 0.05 % points.
@pytest.mark.parametrize(("point", "degrees", "chance"), [(2.764, 10, 0.01), (3.646, 30, 0.0005), (2.326, 1e6, 0.01)])
def test_low_means_are_students_t(point: float, degrees: float, chance: float) -> None:
    assert this_low(-point, degrees) == pytest.approx(chance, rel=2e-3)
    assert this_low(point, degrees) == pytest.approx(1 - chance, rel=2e-3)
