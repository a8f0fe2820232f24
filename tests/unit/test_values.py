"""Which values have windows of their own: the same in any order, from any partition."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.windows import Totals, WindowKey
from streams.values import NONE_YET, OTHER, Own, admit, limited

names = st.lists(st.sampled_from([f"agent-{number}" for number in range(12)]), max_size=30)


def admitted(values: list[str], limit: int) -> tuple[Own, list[str]]:
    own, losers = NONE_YET, []
    for value in values:
        own, loser = admit(own, value, limit)
        if loser is not None:
            losers.append(loser)
    return own, losers


@given(values=names, limit=st.integers(1, 12), shuffle=st.randoms())
def test_the_order_does_not_matter_and_each_value_has_a_place_or_lost_it(
    values: list[str], limit: int, shuffle: object
) -> None:
    own, losers = admitted(values, limit)
    again = list(values)
    shuffle.shuffle(again)  # type: ignore[attr-defined]
    assert admitted(again, limit)[0] == own
    kept = {value for value in values if own.has(value)}
    assert len(kept) == min(limit, len(set(values)))
    assert set(losers) == set(values) - kept


@given(one=names, other=names, limit=st.integers(1, 6))
def test_who_has_a_place_among_all_has_one_in_each_partition(one: list[str], other: list[str], limit: int) -> None:
    everyone, _ = admitted(one + other, limit)
    for part in (one, other):
        own, _ = admitted(part, limit)
        assert all(own.has(value) for value in part if everyone.has(value))


def test_who_is_called_like_the_rest_counts_as_the_rest() -> None:
    assert admit(NONE_YET, OTHER, 5) == (NONE_YET, OTHER)


def key(value: str, dimension: str = "agent") -> WindowKey:
    return WindowKey("default", 60, 0, dimension, value)


def test_what_has_no_place_is_added_up() -> None:
    windows = {key(f"a{number}"): Totals(events=number, tickets=1) for number in range(1, 8)}
    windows[key(OTHER)] = Totals(events=100, tickets=1)
    windows[key("email", "channel")] = Totals(events=7)
    found = limited(windows, 3)
    assert len(found) == 5
    assert found[key("email", "channel")] == Totals(events=7)
    assert sum(totals.events for cell, totals in found.items() if cell.dimension == "agent") == 128
    assert found[key(OTHER)].tickets == 5
    own = [cell for cell in found if cell.dimension == "agent" and cell.value != OTHER]
    assert all(found[cell] == windows[cell] for cell in own)


def test_nothing_is_added_up_below_the_limit() -> None:
    windows = {key(f"a{number}"): Totals(events=1) for number in range(3)}
    assert limited(windows, 3) == windows
