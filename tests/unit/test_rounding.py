"""Rounding in less time: the same floats as `round` gives, to the last bit."""

from hypothesis import example, given
from hypothesis import strategies as st

from streams.scoring.rounding import round_2, round_3, round_4


@given(st.floats(-100_000, 100_000) | st.integers(-200_000, 200_000).map(lambda whole: whole / 20_000))
@example(-0.00001)
@example(-0.0)
@example(2.675)
@example(0.0005)
@example(0.00015)
def test_figures_are_rounded_as_python_rounds_them(figure: float) -> None:
    # The representation shows the sign of zero too.
    assert repr([round_2(figure), round_3(figure), round_4(figure)]) == repr([round(figure, n) for n in (2, 3, 4)])
